use super::*;

#[test]
fn a_run_is_not_overwritten_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let run = RunDir::open(&path, Existing::Refuse).unwrap();
    fs::write(run.config(), r#"{"data": {}, "model": {}}"#).unwrap();
    fs::write(path.join("notes.txt"), "mine").unwrap();
    drop(run);
    let error = RunDir::open(&path, Existing::Refuse).unwrap_err().to_string();
    assert!(error.ends_with("or choose another folder with --run-dir"), "{error}");
    assert!(RunDir::open(&path, Existing::Resume).unwrap().config().exists());
    let run = RunDir::open(&path, Existing::Overwrite).unwrap();
    assert!(!run.config().exists());
    assert!(path.join("notes.txt").exists());
}

#[test]
fn what_no_run_has_written_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in
        [("config.json", r#"{"model_type": "vit"}"#), ("model.safetensors", "weights")]
    {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        for existing in [Existing::Refuse, Existing::Resume, Existing::Overwrite] {
            let error = RunDir::open(folder.path(), existing).unwrap_err().to_string();
            let end = format!(
                "holds `{name}`, but no run that has written it: choose another folder by --run-dir"
            );
            assert!(error.ends_with(&end), "{error}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn two_processes_do_not_share_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let _held = RunDir::open(folder.path(), Existing::Refuse).unwrap();
    let error = RunDir::open(folder.path(), Existing::Resume).unwrap_err();
    assert!(error.to_string().ends_with("another zoo process is training in it"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_system_without_locks_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let open = |take| RunDir::open_with(folder.path(), Existing::Refuse, take).unwrap();
    assert_eq!(open(Lock::take).warning(), None);
    type Take = fn(&File) -> Lock;
    // ENOLCK and ENOSYS.
    let lacking: [(Take, &str); 2] = [
        (
            |_| Lock::Lacking(std::io::Error::from_raw_os_error(37)),
            "No locks available (os error 37)",
        ),
        (
            |_| Lock::Lacking(std::io::Error::from_raw_os_error(38)),
            "Function not implemented (os error 38)",
        ),
    ];
    for (take, reason) in lacking {
        let path = folder.path().display();
        let expected = format!(
            "{path}: the file system has no locks ({reason}): take care that no other zoo trains in it"
        );
        assert_eq!(open(take).warning(), Some(&*expected));
    }
}
