//! Which files and folders are images and classes, and in what order.

use super::*;

#[test]
fn leftovers_do_not_count_and_other_files_are_noted() {
    let folder = folder(&[
        "ant/1.png",
        "ant/2.png",
        "ant/._1.png",
        "ant/Thumbs.db",
        "ant/desktop.ini",
        "ant/a.txt",
        "ant/notes.txt",
        "bee/1.png",
        "bee/2.png",
        ".git/x.png",
    ]);
    let dataset = open_with(&folder, 0.5, 0.0).unwrap();
    assert_eq!(dataset.classes, ["ant", "bee"]);
    assert_eq!(dataset.train.len() + dataset.valid.len(), 4);
    let path = folder.path().join("ant");
    let expected = "left out files that are not images: a.txt and 1 more";
    assert_eq!(dataset.notes, [format!("{}: {expected}", path.display())]);
}

#[test]
fn content_counts_where_the_name_says_nothing() {
    let folder = folder(&["ant/1", "ant/2.dat", "ant/3.webp", "bee/1.txt", "bee/2.gif", "bee/3"]);
    let dataset = open_with(&folder, 0.3, 0.0).unwrap();
    let mut all = names(&folder, &dataset.train);
    all.extend(names(&folder, &dataset.valid));
    all.sort();
    assert_eq!(all, ["ant/1", "ant/2.dat", "ant/3.webp", "bee/2.gif", "bee/3"]);
}

#[test]
fn an_image_that_cannot_be_read_is_named_when_its_turn_comes() {
    let folder = folder(&["train/ant/1.png", "train/bee/2.png", "val/ant/3.png"]);
    let path = folder.path().join("val/ant/3.png");
    fs::write(&path, "not an image").unwrap();
    let dataset = open_with(&folder, 0.5, 0.0).unwrap();
    assert_eq!(
        dataset.valid.sample(0).unwrap_err().to_string(),
        format!(
            "cannot decode {}: its content is not JPEG, PNG, WebP, BMP, GIF or TIFF; replace or \
             remove the image",
            path.display()
        )
    );
}

#[test]
fn numbered_classes_are_sorted_by_number_as_in_a_table() {
    let folder = folder(&["10/1.png", "10/2.png", "9/3.png", "9/4.png", "1/5.png", "1/6.png"]);
    let dataset = open_with(&folder, 0.5, 0.0).unwrap();
    assert_eq!(dataset.classes, ["1", "9", "10"]);
    let label_of = |file: &str| {
        let is_it = |position: &usize| dataset.train.name(*position).ends_with(file);
        let position = (0..dataset.train.len()).find(is_it)?;
        Some(dataset.train.label(position))
    };
    assert_eq!(label_of("/10/1.png").or(label_of("/10/2.png")), Some(2));
    assert_eq!(label_of("/9/3.png").or(label_of("/9/4.png")), Some(1));
}

#[test]
fn class_folders_match_in_every_spelling() {
    let folder = folder(&["train/cafe\u{301}/1.png", "train/bar/2.png", "val/caf\u{e9}/3.png"]);
    let dataset = open_with(&folder, 0.5, 0.0).unwrap();
    assert_eq!(dataset.classes, ["bar", "caf\u{e9}"]);
    assert_eq!(dataset.valid.label(0), 1);
    assert_eq!(
        dataset.only("classes", &["cafe\u{301}".to_string(), "bar".to_string()]).unwrap().classes,
        ["caf\u{e9}", "bar"]
    );
}

#[cfg(unix)]
#[test]
fn links_are_followed_once_and_twins_are_noted() {
    use std::os::unix::fs::symlink;
    let folder = folder(&["ant/1.png", "ant/2.png", "bee/3.png", "bee/4.png"]);
    let root = folder.path();
    symlink(".", root.join("ant/loop")).unwrap();
    symlink(".", root.join("again")).unwrap();
    symlink("../ant/1.png", root.join("bee/5.png")).unwrap();
    symlink("2.png", root.join("ant/6.png")).unwrap();
    let dataset = open_with(&folder, 0.5, 0.0).unwrap();
    assert_eq!(dataset.classes, ["ant", "bee"]);
    assert_eq!(dataset.train.len() + dataset.valid.len(), 6);
    let notes = [
        "ROOT/again: not followed, since it leads back to a folder that it lies in",
        "ROOT/ant/loop: not followed, since it leads back to a folder that it lies in",
        "the same file under two labels: ROOT/ant/1.png (ant) and ROOT/bee/5.png (bee)",
        "the same file counted twice: ROOT/ant/2.png (ant) and ROOT/ant/6.png (ant)",
    ];
    let root = root.display().to_string();
    let told: Vec<String> = dataset.notes.iter().map(|note| note.replace(&root, "ROOT")).collect();
    assert_eq!(told, notes);
}

#[cfg(unix)]
#[test]
fn what_cannot_be_looked_at_is_listed_with_the_images() {
    use std::os::unix::fs::symlink;
    let folder = folder(&["ant/1.png", "ant/2.png", "bee/3.png", "bee/4.png"]);
    let root = folder.path();
    for (target, link) in [
        ("/nonexistent/5.png", "ant/5.png"),
        ("/nonexistent/more", "ant/more"),
        ("around", "bee/around"),
        ("/nonexistent/wasp", "wasp"),
    ] {
        symlink(target, root.join(link)).unwrap();
    }
    let mut dataset = open_with(&folder, 0.3, 0.0).unwrap();
    let refused = dataset.check_images(&crate::SplitName::ALL, || ()).unwrap_err().to_string();
    let refused = refused.replace(&root.display().to_string(), "ROOT");
    let (head, listed) = refused.split_once('\n').unwrap();
    let mut listed: Vec<&str> = listed.lines().collect();
    listed.sort();
    assert_eq!(
        head,
        "4 images cannot be read; replace or remove them, or set on_unreadable to \"skip\":"
    );
    assert_eq!(
        listed,
        [
            "  ROOT/ant/5.png: No such file or directory (os error 2)",
            "  ROOT/ant/more: No such file or directory (os error 2)",
            "  ROOT/bee/around: Too many levels of symbolic links (os error 40)",
            "  ROOT/wasp: No such file or directory (os error 2)",
        ]
    );
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_are_told_apart() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = folder(&[]);
    for class in [b"k\xe4fer", b"k\xf6fer"] {
        for file in [b"\xe4.png", b"\xf6.png"] {
            let class = folder.path().join(OsStr::from_bytes(class));
            fs::create_dir_all(&class).unwrap();
            Image::filled(1, 1, &[9; 3]).save_png(class.join(OsStr::from_bytes(file))).unwrap();
        }
    }
    let dataset = open_with(&folder, 0.5, 0.0).unwrap();
    assert_eq!(dataset.classes, ["k\\xE4fer", "k\\xF6fer"]);
    let mut all = names(&folder, &dataset.train);
    all.extend(names(&folder, &dataset.valid));
    all.sort();
    let expected = [
        "k\\xE4fer/\\xE4.png",
        "k\\xE4fer/\\xF6.png",
        "k\\xF6fer/\\xE4.png",
        "k\\xF6fer/\\xF6.png",
    ];
    assert_eq!(all, expected);
    assert!(dataset.train.sample(0).is_ok());
}
