//! Arrows between modules go one way, in every crate and at every depth.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The path of a module in its crate, as `["training", "optimizer", "sgd"]`.
type Module = Vec<String>;

/// Which siblings use which: of every parent, by the name of the child.
type Arrows = BTreeMap<Module, BTreeMap<String, BTreeSet<String>>>;

#[test]
fn no_modules_use_each_other_in_a_circle() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut circles = Vec::new();
    for folder in fs::read_dir(crates).unwrap() {
        let folder = folder.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let sources = sources(&folder.join("src"));
        for (parent, arrows) in arrows(&sources) {
            if let Some(circle) = circle(&arrows) {
                circles.push(format!("{name}::{}: {}", parent.join("::"), circle.join(" -> ")));
            }
        }
    }
    assert!(circles.is_empty(), "modules in circles:\n{}", circles.join("\n"));
}

#[test]
fn a_circle_is_found_and_printed() {
    let module = |path: &str| path.split("::").map(String::from).collect::<Module>();
    let sources = BTreeMap::from([
        (module("a"), String::from("use crate::{b::B, c};\n// crate::d\nmod inner;")),
        (module("b"), String::from("use super::c::{C, nested::D};")),
        (module("c"), String::from("fn f() { crate::a::inner::g() }")),
        (module("d"), String::from("#[cfg(test)]\nmod tests { use crate::a; }")),
        (module("a::inner"), String::from("use crate::d::E; use super::X;")),
    ]);
    let arrows = arrows(&sources);
    let names =
        |of: &str| arrows[&Module::new()][of].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(names("a"), ["b", "c", "d"]);
    assert_eq!(names("b"), ["c"]);
    assert_eq!(circle(&arrows[&Module::new()]).unwrap(), ["a", "b", "c", "a"]);
}

/// The text of every module below `src` that is no test, by the module's path.
fn sources(src: &Path) -> BTreeMap<Module, String> {
    let mut sources = BTreeMap::new();
    let mut folders: Vec<(PathBuf, Module)> = vec![(src.to_owned(), Module::new())];
    while let Some((folder, parent)) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let child = || parent.iter().cloned().chain([stem.clone()]).collect::<Module>();
            if path.is_dir() {
                if stem != "tests" {
                    folders.push((path.clone(), child()));
                }
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !["lib", "main"].contains(&stem.as_str())
                && !stem.ends_with("tests")
            {
                let module = if stem == "mod" { parent.clone() } else { child() };
                sources.insert(module, fs::read_to_string(&path).unwrap());
            }
        }
    }
    sources
}

/// What the modules of a crate use of each other, their tests and comments left out.
fn arrows(sources: &BTreeMap<Module, String>) -> Arrows {
    let mut arrows = Arrows::new();
    for (module, text) in sources {
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let code = text.lines().map(|line| line.split("//").next().unwrap()).collect::<String>();
        for used in used(&code, module) {
            let shared = module.iter().zip(&used).take_while(|(a, b)| a == b).count();
            // A parent and its child may know each other.
            if let (Some(from), Some(to)) = (module.get(shared), used.get(shared)) {
                let is_module = sources.keys().any(|other| other.starts_with(&used[..=shared]));
                if is_module {
                    let of_parent = arrows.entry(module[..shared].to_vec()).or_default();
                    of_parent.entry(from.clone()).or_default().insert(to.clone());
                }
            }
        }
    }
    arrows
}

/// The paths that begin with `crate` or `super` in the code of `module`, from the crate's root, each
/// name within braces by itself.
fn used(code: &str, module: &Module) -> Vec<Module> {
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (place, _) in code.match_indices(start) {
            let before = code[..place].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
                continue;
            }
            let (mut root, mut rest) = (module.clone(), &code[place..]);
            if let Some(path) = rest.strip_prefix("crate::") {
                (root, rest) = (Module::new(), path);
            }
            while let Some(path) = rest.strip_prefix("super::") {
                root.pop();
                rest = path;
            }
            tree(&root, rest, &mut found);
        }
    }
    found
}

/// Adds the paths of the use tree that `text` begins with, below `root`.
fn tree(root: &Module, text: &str, found: &mut Vec<Module>) {
    if let Some(inside) = text.strip_prefix('{') {
        let mut depth = 0;
        let mut start = 0;
        for (place, c) in inside.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    tree(root, inside[start..place].trim_start(), found);
                    start = place + 1;
                    if c == '}' {
                        return;
                    }
                }
                _ => {}
            }
        }
        return;
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    if end == 0 {
        return;
    }
    let path: Module = root.iter().cloned().chain([text[..end].to_owned()]).collect();
    match text[end..].strip_prefix("::") {
        Some(rest) => tree(&path, rest, found),
        None => found.push(path),
    }
}

/// A way from a module back to itself, if there is one.
fn circle(arrows: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn walk(
        arrows: &BTreeMap<String, BTreeSet<String>>,
        way: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        let last = way.last()?.clone();
        for next in arrows.get(&last).into_iter().flatten() {
            if let Some(start) = way.iter().position(|name| name == next) {
                return Some(way[start..].iter().cloned().chain([next.clone()]).collect());
            }
            if !done.contains(next) {
                way.push(next.clone());
                if let Some(circle) = walk(arrows, way, done) {
                    return Some(circle);
                }
                way.pop();
            }
        }
        done.insert(last);
        None
    }
    let mut done = BTreeSet::new();
    arrows.keys().find_map(|start| walk(arrows, &mut vec![start.clone()], &mut done))
}
