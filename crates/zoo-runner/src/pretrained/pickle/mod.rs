//! What a pickle would call, without calling it.
//!
//! A pickle is a program for a small stack machine, and one of its instructions calls any function
//! of Python by name. Burn's reader calls nothing and ignores what it does not know; a weights file
//! that would call anything else is refused here, and the call is named.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use zip::ZipArchive;

use crate::Error;

/// A file of the format before PyTorch 1.6 has this many pickles before its tensors: a magic
/// number, a version, the machine, the weights, and the names of what follows.
const LEGACY_PICKLES: usize = 5;
/// Whole pickles are held in memory; one of more bytes describes no network.
const LARGEST: u64 = 100 << 20;

/// What rebuilds tensors and plain containers, or is left aside unread. An entry that ends in a dot
/// allows the module.
const HARMLESS: &[&str] = &[
    "__builtin__.set",
    "_codecs.encode",
    "argparse.Namespace",
    "builtins.set",
    "collections.Counter",
    "collections.OrderedDict",
    "collections.defaultdict",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.dtype",
    "torch.BFloat16Storage",
    "torch.BoolStorage",
    "torch.ByteStorage",
    "torch.CharStorage",
    "torch.DoubleStorage",
    "torch.FloatStorage",
    "torch.HalfStorage",
    "torch.IntStorage",
    "torch.LongStorage",
    "torch.ShortStorage",
    "torch.Size",
    "torch._tensor._rebuild_from_type_v2",
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
    "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_tensor_v3",
    "torch.bfloat16",
    "torch.device",
    "torch.float16",
    "torch.float32",
    "torch.float64",
    "torch.int64",
    "torch.nn.parameter.Parameter",
    "torch.storage.TypedStorage",
    "torch.storage.UntypedStorage",
];

/// Refuses a PyTorch file that calls anything except the functions that rebuild tensors.
///
/// # Errors
///
/// [`Error::Run`] with the name of the call, or if its pickles cannot be followed; [`Error::Io`] if
/// the file cannot be read.
pub fn check(path: &Path) -> Result<(), Error> {
    let damaged = |message: &str| Error::run(path, format!("is not a PyTorch file: {message}"));
    for (pickle, programs) in pickles(path)? {
        let called = Scan::new(&pickle).calls(programs).map_err(damaged)?;
        if let Some(name) = called.iter().find(|name| !HARMLESS.contains(&name.as_str())) {
            return Err(Error::run(
                path,
                format!(
                    "would call `{name}` when opened, which no weights file needs; nothing was \
                     called. Save it again as a state dict (`torch.save(model.state_dict(), …)`) or \
                     as safetensors"
                ),
            ));
        }
    }
    Ok(())
}

/// The pickles of a file, each with the number of programs that follow one another in it.
fn pickles(path: &Path) -> Result<Vec<(Vec<u8>, usize)>, Error> {
    let mut file = File::open(path).map_err(Error::io(path))?;
    let mut start = [0; 4];
    let is_zip = file.read_exact(&mut start).is_ok() && start.starts_with(b"PK");
    let damaged = |error: String| Error::run(path, format!("is corrupt or truncated: {error}"));
    if !is_zip {
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(Error::io(path))?;
        file.take(LARGEST).read_to_end(&mut bytes).map_err(Error::io(path))?;
        return Ok(vec![(bytes, LEGACY_PICKLES)]);
    }
    let mut archive =
        ZipArchive::new(BufReader::new(file)).map_err(|error| damaged(error.to_string()))?;
    let mut pickles = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| damaged(error.to_string()))?;
        let is_pickle = entry.name().is_ok_and(|name| name.ends_with(".pkl"));
        if is_pickle {
            let mut bytes = Vec::new();
            entry.take(LARGEST).read_to_end(&mut bytes).map_err(|e| damaged(e.to_string()))?;
            pickles.push((bytes, 1));
        }
    }
    Ok(pickles)
}

/// Follows the instructions of a pickle as far as names of functions go.
struct Scan<'a> {
    rest: &'a [u8],
    /// The last two texts, of which a later instruction makes a name.
    texts: [String; 2],
    /// Texts that were put aside, by their number.
    memo: Vec<Option<String>>,
}

const CUT_SHORT: &str = "its pickle is truncated";

impl<'a> Scan<'a> {
    fn new(pickle: &'a [u8]) -> Self {
        Self { rest: pickle, texts: Default::default(), memo: Vec::new() }
    }

    /// The names of all calls in this many programs.
    fn calls(mut self, programs: usize) -> Result<Vec<String>, &'static str> {
        let mut calls = Vec::new();
        for _ in 0..programs {
            self.memo.clear();
            while let Some(call) = self.instruction()? {
                calls.extend(Some(call).filter(|call| !call.is_empty()));
            }
        }
        Ok(calls)
    }

    /// Follows one instruction: none at the end of a program, the empty name where nothing is named.
    fn instruction(&mut self) -> Result<Option<String>, &'static str> {
        let code = self.take(1)?[0];
        match code {
            b'.' => return Ok(None),
            b'c' | b'i' => {
                let (module, name) = (self.line()?, self.line()?);
                return Ok(Some(format!("{module}.{name}")));
            }
            0x93 => return Ok(Some(self.texts.join("."))),
            // Functions by a number that is registered elsewhere.
            0x82..=0x84 => return Err("its pickle calls by number"),
            b'S' | b'V' => {
                let text = self.line()?;
                self.note(Some(text));
            }
            b'I' | b'L' | b'F' | b'P' => drop(self.line()?),
            b'g' => self.recall_line()?,
            b'p' => {
                let number = self.line()?.parse().unwrap_or(usize::MAX);
                self.put(number)?;
            }
            b'U' | 0x8c => self.text(1)?,
            b'T' | b'X' => self.text(4)?,
            0x8d => self.text(8)?,
            b'C' => self.skip(1)?,
            b'B' | 0x8b => self.skip(4)?,
            0x8e | 0x96 => self.skip(8)?,
            0x8a => self.skip(1)?,
            b'K' | 0x80 => drop(self.take(1)?),
            b'M' => drop(self.take(2)?),
            b'J' => drop(self.take(4)?),
            b'G' | 0x95 => drop(self.take(8)?),
            b'h' => self.recall(1)?,
            b'j' => self.recall(4)?,
            b'q' => self.put_by(1)?,
            b'r' => self.put_by(4)?,
            0x94 => self.put(self.memo.len())?,
            // Without an argument.
            b'('
            | b'0'
            | b'1'
            | b'2'
            | b'N'
            | b'R'
            | b'Q'
            | b'b'
            | b'd'
            | b'l'
            | b't'
            | b's'
            | b'a'
            | b')'
            | b']'
            | b'}'
            | b'e'
            | b'u'
            | b'o'
            | 0x81
            | 0x85..=0x89
            | 0x8f
            | 0x90..=0x92 => {}
            _ => return Err("it contains no pickle, or one of an unknown kind"),
        }
        Ok(Some(String::new()))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(CUT_SHORT)?;
        self.rest = rest;
        Ok(taken)
    }

    fn line(&mut self) -> Result<String, &'static str> {
        let end = self.rest.iter().position(|&byte| byte == b'\n').ok_or(CUT_SHORT)?;
        let line = self.take(end + 1)?;
        Ok(String::from_utf8_lossy(&line[..end]).trim_matches(['\'', '"']).to_string())
    }

    /// A number of this many bytes, least significant first.
    fn number(&mut self, bytes: usize) -> Result<usize, &'static str> {
        let number = self.take(bytes)?.iter().rev().fold(0u64, |sum, &b| sum << 8 | u64::from(b));
        usize::try_from(number).map_err(|_| CUT_SHORT)
    }

    fn skip(&mut self, bytes: usize) -> Result<(), &'static str> {
        let length = self.number(bytes)?;
        self.take(length).map(drop)
    }

    fn text(&mut self, bytes: usize) -> Result<(), &'static str> {
        let length = self.number(bytes)?;
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.note(Some(text));
        Ok(())
    }

    fn note(&mut self, text: Option<String>) {
        self.texts.swap(0, 1);
        self.texts[1] = text.unwrap_or_else(|| String::from("?"));
    }

    fn put(&mut self, number: usize) -> Result<(), &'static str> {
        // Numbers are given one after the other; a larger one would only take memory.
        if number > self.memo.len() + (1 << 20) {
            return Err("its pickle is corrupt");
        }
        if self.memo.len() <= number {
            self.memo.resize(number + 1, None);
        }
        self.memo[number] = Some(self.texts[1].clone());
        Ok(())
    }

    fn put_by(&mut self, bytes: usize) -> Result<(), &'static str> {
        let number = self.number(bytes)?;
        self.put(number)
    }

    fn recall(&mut self, bytes: usize) -> Result<(), &'static str> {
        let number = self.number(bytes)?;
        self.note(self.memo.get(number).cloned().flatten());
        Ok(())
    }

    fn recall_line(&mut self) -> Result<(), &'static str> {
        let number: Option<usize> = self.line()?.parse().ok();
        self.note(number.and_then(|number| self.memo.get(number).cloned().flatten()));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
