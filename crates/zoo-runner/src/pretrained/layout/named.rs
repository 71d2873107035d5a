//! The tensors of a file by our names.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use super::{Layout, Names, Split, find::Found, some_of};
use crate::{
    Error,
    pretrained::source::{Lazy, Tensors, as_f32, join},
};

/// The tensors of a file by our names, as f32. They lie as PyTorch has them: `[out, in]`.
pub struct Named {
    /// The file.
    pub path: PathBuf,
    /// The library's names and habits.
    pub layout: &'static Layout,
    /// The tensors.
    pub tensors: BTreeMap<String, Lazy>,
    /// What the file calls them.
    pub names: Names,
    /// What stood before every name, and was taken away.
    pub prefix: String,
    /// The file's names of tensors that have no part in the scores, or lie elsewhere in the file.
    pub unused: Vec<String>,
    /// The file's names of tensors of another type than f32, which are converted.
    pub converted: Vec<String>,
    /// False where the file has no layer that gives scores, or another than our networks have.
    pub has_head: bool,
    /// The file's tensors as they are, by its own names.
    originals: Vec<(String, Lazy)>,
}

impl Named {
    /// Gives the tensors of a file in one of the `layouts` our names. A head that is none of ours is left out, with `new_head`.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if the file is in no known layout, holds what the network does not have, or no
    /// floating-point numbers; without `new_head`, if it has no head and must have one.
    pub fn of(
        mut file: Tensors,
        layouts: &[&'static Layout],
        new_head: bool,
    ) -> Result<Self, Error> {
        let Found { layout, prefix, lacking } = Found::of(&file, layouts)?;
        let mut named = Self {
            path: file.path.clone(),
            layout,
            tensors: BTreeMap::new(),
            names: Names::new(layout, prefix.clone(), lacking),
            prefix,
            unused: Vec::new(),
            converted: Vec::new(),
            has_head: true,
            originals: Vec::new(),
        };
        let (mut unexpected, mut other_head) = (Vec::new(), Vec::new());
        for (name, tensor) in std::mem::take(&mut file.tensors) {
            let Some(rest) = name.strip_prefix(&named.prefix) else {
                named.unused.push(name);
                continue;
            };
            let theirs = format!("{lacking}{rest}");
            match layout.ours(&theirs) {
                Some(ours) => named.take(ours, name, tensor)?,
                None if layout.is_idle(&theirs) => named.unused.push(name),
                None if lacking.is_empty() && rest.starts_with(layout.head) => {
                    other_head.push(name)
                }
                None => unexpected.push(name),
            }
        }
        named.settle_head(&mut unexpected, other_head, new_head)?;
        if !unexpected.is_empty() {
            return Err(named.refuse(format!(
                "contains tensors that a {} of {} does not have: {}",
                layout.model,
                layout.library,
                some_of(unexpected.iter())
            )));
        }
        if let Some(split) = &layout.split {
            named.join(split)?;
        }
        Ok(named)
    }

    /// Takes one of the network's tensors.
    fn take(&mut self, ours: String, theirs: String, mut tensor: Lazy) -> Result<(), Error> {
        tensor.name.clone_from(&ours);
        let (converted, was_other) = as_f32(&tensor).ok_or_else(|| {
            let found = tensor.dtype;
            self.refuse(format!("has `{theirs}` of type {found:?}: expected f32, f16, bf16 or f64"))
        })?;
        if was_other {
            self.converted.push(theirs.clone());
        }
        if self.tensors.insert(ours.clone(), converted).is_some() {
            return Err(self.refuse(format!("holds `{theirs}` twice, by two names")));
        }
        self.originals.push((theirs.clone(), tensor));
        self.names.note(&ours, vec![theirs]);
        Ok(())
    }

    /// Leaves a head out that is none of ours.
    fn settle_head(
        &mut self,
        unexpected: &mut Vec<String>,
        other: Vec<String>,
        new_head: bool,
    ) -> Result<(), Error> {
        let Some((ours, theirs)) = self.layout.head_names() else {
            self.has_head = false;
            return Ok(());
        };
        let parts = ["weight", "bias"].map(|part| format!("{ours}{part}"));
        if parts.iter().all(|part| self.tensors.contains_key(part)) {
            unexpected.extend(other);
            return Ok(());
        }
        let alone = parts.iter().filter(|part| self.tensors.contains_key(*part));
        let mut other: Vec<String> =
            alone.map(|part| self.names.theirs(part)).chain(other).collect();
        let has_none = other.is_empty() && self.layout.headless;
        if !new_head && !has_none {
            let expected = format!("{}{theirs}", self.prefix);
            let instead = match other.is_empty() {
                true => String::new(),
                false => format!(" but {}", some_of(other.iter())),
            };
            return Err(self.refuse(format!(
                "has no head for a {} to predict with: no `{expected}weight` and `{expected}bias`{instead}; it \
                 can start a fine-tuning, as `pretrained` with `fine_tune.head` `new`",
                self.layout.model
            )));
        }
        self.has_head = false;
        parts.iter().for_each(|part| drop(self.tensors.remove(part)));
        self.originals.retain(|(name, _)| !other.contains(name));
        self.converted.retain(|name| !other.contains(name));
        self.unused.append(&mut other);
        Ok(())
    }

    /// Makes one tensor of the parts of each.
    fn join(&mut self, split: &Split) -> Result<(), Error> {
        let whole = |name: &String| {
            let part = split.parts.into_iter().find(|part| name.contains(part))?;
            Some(name.replace(part, split.whole))
        };
        let wholes: BTreeSet<String> = self.tensors.keys().filter_map(whole).collect();
        for whole in wholes {
            let ours = split.of(&whole).expect("a whole name");
            let theirs = ours.each_ref().map(|name| self.names.theirs(name));
            let mut parts = Vec::new();
            for (name, theirs) in ours.iter().zip(&theirs) {
                let part = self.tensors.remove(name);
                let part = part.ok_or_else(|| self.refuse(format!("lacks `{theirs}`")))?;
                let shape = &part.shape;
                let is_alike = parts.first().is_none_or(|first: &Lazy| first.shape == *shape);
                if shape.num_dims() == 0 || !is_alike {
                    return Err(self.refuse(format!(
                        "has `{theirs}` of shape {:?}, where {} of one shape were expected",
                        shape.to_vec(),
                        split.noun
                    )));
                }
                parts.push(part);
            }
            let parts = parts.try_into().expect("three parts");
            self.tensors.insert(whole.clone(), join(&whole, parts));
            self.names.note(&whole, theirs.to_vec());
        }
        Ok(())
    }

    /// The number of classes that the head tells apart. Without a head 0, or 1, of which nothing is
    /// made, if there is no such network.
    ///
    /// # Errors
    ///
    /// As [`dims`](Self::dims).
    pub fn num_classes(&self) -> Result<usize, Error> {
        match self.layout.head_names() {
            Some((head, _)) if self.has_head => {
                self.dims::<2>(&format!("{head}weight")).map(|[classes, _]| classes)
            }
            _ => Ok(usize::from(!self.layout.headless)),
        }
    }

    /// The file's tensors of the network as they are, by its own names. Each has our name too.
    pub fn originals(&self) -> impl Iterator<Item = (&str, &Lazy)> {
        self.originals.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// An [`Error::Run`] about the file.
    pub fn refuse(&self, message: impl Into<String>) -> Error {
        Error::run(&self.path, message)
    }

    /// The extents of a tensor that must be there.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if it is not, or has other than `N` dimensions.
    pub fn dims<const N: usize>(&self, name: &str) -> Result<[usize; N], Error> {
        let theirs = self.names.theirs(name);
        let tensor = self.tensors.get(name);
        let shape = tensor.ok_or_else(|| self.refuse(format!("lacks `{theirs}`")))?.shape.to_vec();
        let found = format!("{shape:?}");
        shape.try_into().map_err(|_| {
            self.refuse(format!("has `{theirs}` of shape {found}, expected {N} dimensions"))
        })
    }
}
