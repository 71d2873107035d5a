use std::time::Duration;

use super::*;
use crate::{explain::sample, serve::metrics::Metrics};

fn batching(max_batch: usize, queue: usize) -> Batching {
    Batching { max_batch, wait: Duration::from_millis(20), queue }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn predictor() -> Predictor {
    let (settings, channels) = &sample::settings()[0];
    sample::network(settings, *channels, sample::ten_classes())
}

#[test]
fn images_of_many_requests_get_the_bits_that_they_get_alone() {
    let alone = predictor();
    let image = sample::image();
    let expected = alone.predict(std::slice::from_ref(&image)).unwrap().remove(0);
    let prepared = alone.info.preprocess.prepare(image);
    let runtime = runtime();
    let metrics = Metrics::new().of_network("n");
    runtime.block_on(async {
        let engine = Engine::start(alone, "n", batching(8, 64), metrics.clone()).unwrap();
        let looks = (0..20).map(|_| {
            let (place, input) = (engine.try_place().unwrap(), Input::Prepared(prepared.clone()));
            tokio::spawn(place.look(input))
        });
        for look in looks.collect::<Vec<_>>() {
            assert_eq!(look.await.unwrap().unwrap(), expected);
        }
    });
    assert_eq!(metrics.images.get(), 20);
    assert!((3..20).contains(&metrics.batches.get()), "{} batches", metrics.batches.get());
}

#[test]
fn beyond_the_queue_there_is_no_place() {
    let runtime = runtime();
    runtime.block_on(async {
        let metrics = Metrics::new().of_network("n");
        let engine = Engine::start(predictor(), "n", batching(1, 2), metrics).unwrap();
        let (first, _second) = (engine.try_place().unwrap(), engine.try_place().unwrap());
        let refused = engine.try_place().err().unwrap();
        assert_eq!(refused.status.as_u16(), 503);
        assert_eq!(refused.message(), "the queue is full: 2 images wait for this network");
        drop(first);
        assert!(engine.try_place().is_ok());
    });
}

#[test]
fn an_errand_that_panics_leaves_the_network_at_work() {
    let runtime = runtime();
    runtime.block_on(async {
        let metrics = Metrics::new().of_network("n");
        let engine = Engine::start(predictor(), "n", batching(1, 2), metrics).unwrap();
        let place = engine.try_place().unwrap();
        let refused = place.run(|_| -> usize { panic!("on purpose") }).await.unwrap_err();
        assert_eq!(refused.status.as_u16(), 500);
        let classes = engine.place().await.unwrap().run(|network| network.info.classes.len());
        assert_eq!(classes.await.unwrap(), 10);
    });
}

#[test]
fn a_batch_is_computed_beside_something_else() {
    let (tell, told) = std::sync::mpsc::channel();
    let look = || async {
        let network = predictor();
        let input = Input::Prepared(network.info.preprocess.prepare(sample::image()));
        let metrics = Metrics::new().of_network("n");
        let engine = Engine::start(network, "n", batching(1, 2), metrics).unwrap();
        let errand = move |_: &Predictor| told.recv_timeout(Duration::from_secs(120)).is_ok();
        let errand = tokio::spawn(engine.try_place().unwrap().run(errand));
        // If it waited for the errand, the errand would wait for it.
        engine.try_place().unwrap().look(input).await.unwrap();
        tell.send(()).unwrap();
        errand.await.unwrap().unwrap()
    };
    // Two threads, on a machine with one core, too.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    assert!(pool.install(|| runtime().block_on(look())));
}
