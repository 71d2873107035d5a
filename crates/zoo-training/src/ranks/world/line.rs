//! The one thread of a rank that speaks MPI, so that numbers travel while others are computed.

use std::{
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
};

use super::wire::Wire;
use crate::{Error, ranks::Launched};

type Task = Box<dyn FnOnce(&Wire) + Send>;

/// The way to that thread.
pub(super) struct Line {
    /// There until the line is dropped.
    tasks: Option<Sender<Task>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread will have come to.
pub(crate) struct Pending<T>(Receiver<T>);

impl Line {
    /// Connects to the other processes, on a thread of its own.
    pub fn open(launched: Launched) -> Result<Self, Error> {
        let (tasks, waiting) = mpsc::channel::<Task>();
        let (opened, is_open) = mpsc::channel();
        let speak = move || match Wire::open(launched) {
            Ok(wire) => {
                let _ = opened.send(Ok(()));
                waiting.iter().for_each(|task| task(&wire));
            }
            Err(error) => drop(opened.send(Err(error))),
        };
        let thread = thread::Builder::new().name(String::from("mpi")).spawn(speak);
        let thread =
            thread.map_err(|error| Error::Failed(format!("cannot start a thread: {error}")))?;
        is_open.recv().expect("the thread says whether it is connected")?;
        Ok(Self { tasks: Some(tasks), thread: Some(thread) })
    }

    /// Has the thread do something, after all that it was asked before.
    pub fn ask<T: Send + 'static>(
        &self,
        task: impl FnOnce(&Wire) -> T + Send + 'static,
    ) -> Pending<T> {
        let (answer, pending) = mpsc::channel();
        let task: Task = Box::new(move |wire| drop(answer.send(task(wire))));
        let tasks = self.tasks.as_ref().expect("the line is open");
        // A thread that has panicked ends the job itself.
        let _ = tasks.send(task);
        Pending(pending)
    }
}

impl<T> Pending<T> {
    pub fn wait(self) -> T {
        self.0.recv().expect("the thread that speaks MPI answers")
    }
}

impl Drop for Line {
    /// Ends the job at a panic: the end of MPI would wait for all ranks.
    fn drop(&mut self) {
        if thread::panicking() {
            self.ask::<()>(|wire| wire.abort(101));
        }
        self.tasks = None;
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
