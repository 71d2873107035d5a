//! Every command of the README and of the tour, in its order, in one folder per page; and the verbs and
//! flags that the other pages name.

mod harness;

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use harness::{Zoo, real_data};

/// The pages whose every command is run.
const PAGES: [&str; 2] = ["README.md", "docs/getting-started.md"];
/// Verbs that have verbs of their own.
const PARENTS: [&str; 3] = ["config", "data", "datasets"];
/// Commands that are run by hand or by `.ci/run`, not from within a test.
const BY_HAND: [&str; 10] = [
    "zoo lab",
    "zoo lab runs/cnn runs/vit --lesson 10",
    "zoo compare configs/cnn-sea.json configs/vit-sea.json --fractions 0.05,0.2,1.0 --budget images=20000 --out few",
    "zoo import torchvision/alexnet --out alexnet.safetensors",
    "zoo train configs/finetune-alexnet-folder.json --set pretrained=alexnet.safetensors --set data.folder.root=PHOTOS",
    "zoo datasets fetch fashion-mnist",
    "zoo compare configs/cnn-fashion-mnist.json configs/vit-fashion-mnist.json --seeds 3 --fractions 0.05,0.2,1.0 --budget images=100000 --set loss.cross-entropy.label_smoothing=0.1 --out fashion",
    "cargo test --release --workspace",
    "cargo install --path crates/zoo-runner",
    "cargo run --release --example train",
];
/// What stands for a folder of the reader's, and where its data lies among the real data.
const FOLDERS: [(&str, &str); 3] =
    [("FASHION-MNIST", "fashion-mnist"), ("CIFAR10", "cifar10"), ("PHOTOS", "hymenoptera")];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn commands(page: &str) -> Vec<String> {
    let blocks = page.split("```").skip(1).step_by(2);
    let shell = blocks.filter_map(|block| block.strip_prefix("sh\n"));
    shell.flat_map(str::lines).map(String::from).collect()
}

/// The words of a command; single quotes hold a word together.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for letter in command.chars() {
        match letter {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            letter => words.last_mut().unwrap().push(letter),
        }
    }
    words
}

#[test]
fn every_command_runs() {
    PAGES.into_iter().for_each(run_commands);
}

#[test]
fn every_command_of_the_course_runs() {
    run_commands("docs/course.md");
}

fn run_commands(page: &str) {
    let commands = commands(&fs::read_to_string(root().join(page)).unwrap());
    assert!(commands.len() > 3, "{page}: {commands:?}");
    let zoo = Zoo::new();
    fs::create_dir(zoo.path("configs")).unwrap();
    for entry in fs::read_dir(root().join("configs")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        fs::copy(&path, zoo.path(&format!("configs/{name}"))).unwrap();
    }
    let mut seen = HashSet::new();
    for command in commands {
        if BY_HAND.contains(&command.as_str()) {
            continue;
        }
        let command = match FOLDERS.iter().find(|(name, _)| command.ends_with(&format!("={name}")))
        {
            None => command,
            Some((name, folder)) => match real_data(folder) {
                Some(path) => command.replace(&format!("={name}"), &format!("={}", path.display())),
                None => continue,
            },
        };
        let zoo_command = match command.strip_prefix("cargo run --release") {
            Some(build_and_run) => format!("zoo {}", build_and_run.split_once(" -- ").unwrap().1),
            None => command.clone(),
        };
        // One command may stand there twice, with the features of another build.
        if !seen.insert(zoo_command.clone()) {
            continue;
        }
        let mut words = words(&zoo_command);
        assert_eq!(words.remove(0), "zoo", "{command}");
        if command.contains("wgpu") && !zoo.has_wgpu() {
            continue;
        }
        match words[0].as_str() {
            "train" => words.extend(shortened(&command)),
            "compare" => {
                let short = |word: &mut String| *word = word.replace("images=20000", "images=8");
                words.iter_mut().for_each(short);
                words.extend(shortened(&command));
            }
            "parity" => words.extend(["vit", "--steps", "1"].map(String::from)),
            _ => {}
        }
        zoo.ok(&words.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn every_command_of_the_docs_names_verbs_flags_and_configs_that_exist() {
    let zoo = Zoo::new();
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        for command in commands(&fs::read_to_string(&path).unwrap()) {
            let words = words(&command);
            if words[0] != "zoo" {
                continue;
            }
            let has_verb = PARENTS.contains(&words[1].as_str()) && words.len() > 2;
            let verbs = if has_verb { 2 } else { 1 };
            let mut help: Vec<&str> = words[1..=verbs].iter().map(String::as_str).collect();
            help.push("--help");
            let help = zoo.ok(&help);
            for word in &words[verbs + 1..] {
                let is_flag = word.starts_with("--");
                assert!(!is_flag || help.contains(word.as_str()), "{}: {command}", path.display());
                let is_config = word.starts_with("configs/");
                assert!(!is_config || root().join(word).exists(), "{}: {command}", path.display());
            }
        }
    }
}

/// Flags that make a training as short as can be.
fn shortened(command: &str) -> Vec<String> {
    let mut sets = vec!["train.steps=2", "loader.batch_size=4", "schedule.constant={}"];
    let is_comparison = command.contains(" compare ");
    if is_comparison {
        // Its budget says when to end.
        sets.remove(0);
    }
    // What begins with a run of the page takes its size from there.
    let is_own = command.contains("folder") && command.contains("pretrained=runs/");
    if command.contains("quickstart") && !is_own || is_comparison {
        sets.extend(["data.sea.train=40", "data.sea.valid=20", "data.sea.test=20"]);
    }
    if command.contains("fashion-mnist") || command.contains("cifar10") {
        // Validation and test run on whole splits: leave little to the former, and use a small net.
        sets.extend(["data.fashion-mnist.split.valid=0.001", "model.vit.depth=1"]);
        if command.contains("cifar10") {
            sets.truncate(3);
            sets.extend(["data.cifar10.split.valid=0.001", "model.cnn.widths=[4,4,4]"]);
        }
    }
    if command.contains("folder") && !is_own {
        sets.push("data.folder.preprocess.image_size=64");
    }
    let flags = sets.into_iter().flat_map(|set| ["--set", set]);
    std::iter::once("-q").chain(flags).map(String::from).collect()
}

#[test]
fn what_the_pages_link_to_is_there() {
    let mut pages = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    pages.extend(docs.filter(|path| path.extension().is_some_and(|end| end == "md")));
    let mut missing = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        let files = links.filter(|link| !link.is_empty() && !link.contains(':'));
        missing.extend(files.map(|file| page.with_file_name(file)).filter(|file| !file.exists()));
    }
    assert!(missing.is_empty(), "{missing:?}");
}
