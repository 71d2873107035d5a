//! What lies in a folder and in the folders below.

use std::path::{Path, PathBuf};

use walkdir::{DirEntry, Error, WalkDir};

use super::file::{has_image_ending, is_image_file, is_left_behind};

/// Something that lies in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// An image, or what may hold some and cannot be looked at: a link to nowhere, a folder without
    /// permission. Reading it says why.
    Image(PathBuf),
    /// A file that is no image.
    Other(PathBuf),
    /// A link to a folder that it lies in. It is not followed, since all that is there is found anyway.
    Circle(PathBuf),
}

/// All that lies in a folder and below, links followed: sorted by name, without hidden files and what
/// systems leave behind. Nothing but regular files is opened.
pub fn walk(folder: &Path) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut entries = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
    while let Some(entry) = entries.next() {
        match entry {
            // The folder that is asked for, whatever it is called and wherever it leads.
            Ok(entry) if entry.depth() == 0 && is_folder(&entry) => {}
            Ok(entry) if is_folder(&entry) => {
                let is_circle = entry.path_is_symlink() && leads_back(entry.path());
                let is_hidden = is_left_behind(entry.path());
                if is_hidden || is_circle {
                    entries.skip_current_dir();
                }
                if is_circle && !is_hidden {
                    found.push(Entry::Circle(entry.into_path()));
                }
            }
            Ok(entry) if is_left_behind(entry.path()) => {}
            Ok(entry) if is_image_file(entry.path()) => found.push(Entry::Image(entry.into_path())),
            Ok(entry) => found.push(Entry::Other(entry.into_path())),
            Err(error) => found.extend(unseen(folder, &error)),
        }
    }
    found
}

/// Whether a link leads to the folder that it lies in, or to one above.
pub(crate) fn leads_back(link: &Path) -> bool {
    let place = link.parent().filter(|place| !place.as_os_str().is_empty());
    let place = place.unwrap_or(Path::new(".")).canonicalize();
    matches!((place, link.canonicalize()), (Ok(place), Ok(target)) if place.starts_with(&target))
}

/// Whether a link to nowhere may have been one to an image, or to a folder of images.
pub(crate) fn may_hold_images(dead_link: &Path) -> bool {
    dead_link.extension().is_none() || has_image_ending(dead_link)
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_dir()
}

/// What could not be looked at.
fn unseen(folder: &Path, error: &Error) -> Option<Entry> {
    let path = error.path().unwrap_or(folder).to_owned();
    if error.depth() > 0 && is_left_behind(&path) {
        return None;
    }
    Some(match error.loop_ancestor() {
        Some(_) => Entry::Circle(path),
        // Only of a link to nowhere is it unknown what it was.
        None if path.is_symlink() && !may_hold_images(&path) => Entry::Other(path),
        None => Entry::Image(path),
    })
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_but_not_in_circles() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("ant/deep/.hidden")).unwrap();
        fs::create_dir(root.join("elsewhere")).unwrap();
        for name in ["ant/1.png", "ant/deep/2.jpg", "ant/deep/.hidden/3.png", "elsewhere/4.png"] {
            fs::write(root.join(name), "").unwrap();
        }
        for (target, link) in [
            (".", "ant/self"),
            ("../..", "ant/deep/up"),
            ("../elsewhere", "ant/more"),
            ("../ant/deep", "elsewhere/back"),
            ("/nonexistent/a.png", "ant/a.png"),
            ("/nonexistent", "ant/folder"),
            ("/nonexistent/b.txt", "ant/b.txt"),
            ("around", "ant/around"),
            ("/nonexistent", "ant/.c.png"),
        ] {
            symlink(target, root.join(link)).unwrap();
        }
        let path = |name: &str| root.join(name);
        assert_eq!(
            walk(&path("ant")),
            [
                Entry::Image(path("ant/1.png")),
                Entry::Image(path("ant/a.png")),
                Entry::Image(path("ant/around")),
                Entry::Other(path("ant/b.txt")),
                Entry::Image(path("ant/deep/2.jpg")),
                Entry::Circle(path("ant/deep/up")),
                Entry::Image(path("ant/folder")),
                Entry::Image(path("ant/more/4.png")),
                Entry::Image(path("ant/more/back/2.jpg")),
                Entry::Circle(path("ant/more/back/up")),
                Entry::Circle(path("ant/self")),
            ]
        );
        // A link that is asked for by its name is followed.
        assert_eq!(walk(&path("ant/self/deep")).len(), 2);
        assert_eq!(walk(&path("ant/self")).len(), 11);
    }

    #[test]
    fn a_folder_without_permission_is_found() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let locked = folder.path().join("locked");
        fs::create_dir(&locked).unwrap();
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
        match fs::read_dir(&locked) {
            Ok(_) => eprintln!("skipped: this user may read everything"),
            Err(_) => assert_eq!(walk(folder.path()), [Entry::Image(locked)]),
        }
    }

    #[test]
    fn a_pipe_is_never_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["pipe.jpg", "pipe"] {
            let status = std::process::Command::new("mkfifo").arg(path(name)).status();
            assert!(status.expect("mkfifo is there").success());
        }
        let _socket = std::os::unix::net::UnixListener::bind(path("socket.png")).unwrap();
        assert_eq!(
            walk(folder.path()),
            [
                Entry::Other(path("pipe")),
                Entry::Image(path("pipe.jpg")),
                Entry::Image(path("socket.png"))
            ]
        );
        let reason = |name: &str| crate::Image::open(path(name)).unwrap_err().to_string();
        assert_eq!(
            reason("pipe.jpg"),
            format!(
                "cannot decode {}: it is a pipe, not a file; replace or remove the image",
                path("pipe.jpg").display()
            )
        );
        assert!(reason("socket.png").contains(": it is a socket, not a file; "));
        let device = crate::Image::open("/dev/zero").unwrap_err().to_string();
        assert!(device.contains(": it is a device, not a file; "), "{device}");
    }
}
