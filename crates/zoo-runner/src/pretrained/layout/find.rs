//! Which library's network a file holds, and where in it.

use std::collections::BTreeMap;

use super::{Layout, some_of};
use crate::{Error, pretrained::source::Tensors};

/// Under which a file may keep its weights among other things, the one that is taken first: timm
/// prefers the moving average, too.
const PREFERRED: [&str; 7] = [
    "state_dict_ema",
    "model_ema",
    "state_dict",
    "model",
    "model_state",
    "model_state_dict",
    "net",
];

/// A network in a file.
#[derive(Clone, Debug)]
pub struct Found {
    /// Whose names its tensors have.
    pub layout: &'static Layout,
    /// What stands before every name: the keys of dictionaries and the names of wrappers.
    pub prefix: String,
    /// What the library has before every name but the head's, and this file has not.
    pub lacking: &'static str,
}

impl Found {
    /// The network of a file in one of the `layouts`, by the tensor that marks it, whatever stands
    /// before its name. Of layouts with the same mark, the one that knows most of the file's tensors
    /// is taken, or the first of them.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] with what was seen where it is none of ours, and with the places where the file
    /// holds several networks.
    pub fn of(file: &Tensors, layouts: &[&'static Layout]) -> Result<Self, Error> {
        refuse_strangers(file, layouts)?;
        let mut found: BTreeMap<(Vec<usize>, String), Self> = BTreeMap::new();
        for layout in layouts {
            let places = file.tensors.keys().filter_map(|name| Self::at(name, layout));
            for place in places.filter(|place| place.is_whole(file)) {
                let known = found.entry((rank(&place.prefix), place.prefix.clone()));
                let known = known.or_insert_with(|| place.clone());
                if place.known(file) > known.known(file) {
                    *known = place;
                }
            }
        }
        let mut best = found.iter();
        match (best.next(), best.next()) {
            (Some(((first, _), place)), second) => match second {
                Some(((second, _), _)) if first == second => Err(refuse_several(file, &found)),
                _ => Ok(place.clone()),
            },
            (None, _) => Err(file.refuse(format!(
                "is not in a known layout: it contains {}; expected {}",
                some_of(file.tensors.keys()),
                marks(layouts)
            ))),
        }
    }

    /// How many tensors of the file have names in this layout.
    fn known(&self, file: &Tensors) -> usize {
        let names = file.tensors.keys().filter_map(|name| name.strip_prefix(&self.prefix));
        names.filter(|name| self.layout.ours(&format!("{}{name}", self.lacking)).is_some()).count()
    }

    /// The network whose mark the tensor `name` is, if it is one.
    fn at(name: &str, layout: &'static Layout) -> Option<Self> {
        let found = |prefix: &str, lacking| Self { layout, prefix: prefix.to_string(), lacking };
        if let Some(prefix) = before(name, layout.mark) {
            return Some(found(prefix, ""));
        }
        let bare = layout.mark.strip_prefix(layout.trunk).filter(|_| !layout.trunk.is_empty())?;
        before(name, bare).map(|prefix| found(prefix, layout.trunk))
    }

    /// Whether all tensors are there that the layout wants beside its mark.
    fn is_whole(&self, file: &Tensors) -> bool {
        self.layout.with.iter().all(|name| {
            let name = name.strip_prefix(self.lacking).unwrap_or(name);
            file.tensors.contains_key(&format!("{}{name}", self.prefix))
        })
    }
}

/// What stands before the whole words `end` at the end of `name`.
pub fn before<'a>(name: &'a str, end: &str) -> Option<&'a str> {
    name.strip_suffix(end).filter(|prefix| prefix.is_empty() || prefix.ends_with('.'))
}

/// The place of each word of `prefix` among those that are preferred; the least is taken.
fn rank(prefix: &str) -> Vec<usize> {
    let place = |word| PREFERRED.iter().position(|known| *known == word);
    prefix.split_terminator('.').map(|word| place(word).unwrap_or(PREFERRED.len())).collect()
}

/// Each mark with the layouts that have it.
fn marks(layouts: &[&'static Layout]) -> String {
    let mut marks: Vec<(&str, Vec<String>)> = Vec::new();
    for layout in layouts {
        let name = format!("{} {}", layout.library, layout.model);
        match marks.iter_mut().find(|(mark, _)| *mark == layout.mark) {
            Some((_, names)) if names.contains(&name) => (),
            Some((_, names)) => names.push(name),
            None => marks.push((layout.mark, vec![name])),
        }
    }
    let marks = marks.into_iter().map(|(mark, names)| format!("`{mark}` ({})", names.join(", ")));
    marks.collect::<Vec<_>>().join(" or ")
}

fn refuse_several(file: &Tensors, found: &BTreeMap<(Vec<usize>, String), Found>) -> Error {
    let prefixes: Vec<String> = found.keys().map(|(_, prefix)| prefix.clone()).collect();
    file.refuse(format!(
        "holds several networks, below {}: save the one that is meant alone",
        some_of(prefixes.iter())
    ))
}

/// Refuses what looks like a network of ours and is another one.
fn refuse_strangers(file: &Tensors, layouts: &[&'static Layout]) -> Result<(), Error> {
    let strangers = || layouts.iter().flat_map(|layout| layout.strangers);
    let seen = file.tensors.keys().find_map(|name| {
        let (_, what) = strangers().find(|(stranger, _)| before(name, stranger).is_some())?;
        Some((name, what))
    });
    match seen {
        Some((name, what)) => Err(file.refuse(what.replace("{}", &format!("`{name}`")))),
        None => Ok(()),
    }
}
