use burn::{
    nn::{Linear, LinearConfig},
    optim::AdamWConfig,
};
use zoo_cnn::CnnSettings;
use zoo_model::{ModelSettings, host};

use super::*;

fn identity() -> Identity {
    Identity::new(&ModelSettings::Cnn(CnnSettings::default()), String::from("0123"))
}

fn open(folder: &Path, keep_last: usize) -> Checkpoints {
    let config = CheckpointConfig { keep_last, ..CheckpointConfig::default() };
    Checkpoints::open(folder.to_path_buf(), identity(), config).unwrap()
}

fn optimizer() -> ModuleOptimizer {
    AdamWConfig::new().init()
}

fn save(checkpoints: &Checkpoints, step: usize, best_step: Option<usize>) -> Linear {
    let model = LinearConfig::new(2, 3).init(&host());
    let progress = RunProgress { step, best_step, ..Default::default() };
    let state = State { model: &model, ema: Some(&model), optimizer: &optimizer() };
    checkpoints.save(progress, &state).unwrap();
    model
}

#[test]
fn what_is_saved_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = open(folder.path(), 1);
    assert!(checkpoints.latest().unwrap().is_none());
    let saved = save(&checkpoints, 5, None);
    let latest = checkpoints.latest().unwrap().unwrap();
    assert_eq!((latest.progress.step, latest.notes.len()), (5, 0));
    let fresh = LinearConfig::new(2, 3).init(&host());
    let (model, ema, _) = latest.restore(fresh, optimizer()).unwrap();
    for restored in [model, ema.unwrap()] {
        assert_eq!(restored.weight.val().into_data(), saved.weight.val().into_data());
    }
    let other = LinearConfig::new(2, 4).init(&host());
    assert!(latest.restore(other, optimizer()).is_err());
}

#[test]
fn the_latest_and_the_best_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = open(folder.path(), 2);
    for step in [7, 8, 9, 10] {
        save(&checkpoints, step, Some(7));
    }
    assert_eq!(checkpoints.steps(COMPLETE).unwrap(), [7, 9, 10]);
}

/// A process may be killed between any two changes of the disk.
#[test]
fn what_a_killed_process_left_is_put_right() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = open(folder.path(), 2);
    save(&checkpoints, 5, None);
    // While it wrote a checkpoint; between the two renames of a replacement; after them.
    fs::create_dir(folder.path().join(".partial-step-9")).unwrap();
    fs::rename(folder.path().join("step-5"), folder.path().join(".replaced-step-5")).unwrap();
    let checkpoints = open(folder.path(), 2);
    assert_eq!(checkpoints.latest().unwrap().unwrap().progress.step, 5);
    fs::create_dir(folder.path().join(".replaced-step-5")).unwrap();
    open(folder.path(), 2);
    let left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["step-5"]);
}

#[test]
fn a_damaged_one_is_passed_over_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = open(folder.path(), 3);
    for step in [1, 2, 3] {
        save(&checkpoints, step, None);
    }
    let damage = |step: usize, file: &str| {
        let path = folder.path().join(format!("step-{step}")).join(file);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let model = damage(3, MODEL);
    let latest = checkpoints.latest().unwrap().unwrap();
    assert_eq!(latest.progress.step, 2);
    assert_eq!(
        latest.notes,
        [format!(
            "{model}: is corrupt: its checksum does not match; resuming from the checkpoint before it"
        )]
    );
    assert_eq!(checkpoints.steps(COMPLETE).unwrap(), [1, 2]);
    damage(1, OPTIMIZER);
    damage(2, EMA);
    let error = checkpoints.latest().unwrap_err().to_string();
    assert!(error.ends_with(": all are corrupt: start over with --force"), "{error}");
}

#[test]
fn another_runs_checkpoint_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    save(&open(folder.path(), 1), 1, None);
    let refused = |change: fn(&mut Identity)| {
        let mut identity = identity();
        change(&mut identity);
        let config = CheckpointConfig::default();
        let checkpoints = Checkpoints::open(folder.path().to_path_buf(), identity, config).unwrap();
        let error = checkpoints.latest().unwrap_err().to_string();
        error.split_once("step-1: ").unwrap().1.to_string()
    };
    assert_eq!(
        refused(|run| run.model = serde_json::json!({"vit": {}})),
        "belongs to another network: start over with --force"
    );
    assert_eq!(
        refused(|run| run.data = String::from("4567")),
        "belongs to other images: start over with --force"
    );
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        refused(|run| run.zoo_version = String::from("9.0.0")),
        format!(
            "was written by zoo {version} with Burn 0.22.1, this is zoo 9.0.0 with Burn 0.22.1: \
             start over with --force"
        )
    );
}

/// As some network mounts do.
#[test]
#[cfg(target_os = "linux")]
fn a_file_system_that_cannot_flush_folders_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let open = |flush| {
        let config = CheckpointConfig::default();
        Checkpoints::open_with(folder.path().to_path_buf(), identity(), config, flush)
    };
    assert_eq!(open(flush_folder).unwrap().warning(), None);
    let checkpoints = open(|_| Err(io::Error::from_raw_os_error(22))).unwrap();
    let expected = format!(
        "{}: the file system cannot flush folders (Invalid argument (os error 22)): a power cut may take \
         the last checkpoints along",
        folder.path().display()
    );
    assert_eq!(checkpoints.warning(), Some(expected));
    let saved = save(&checkpoints, 5, None);
    save(&checkpoints, 5, None);
    let latest = checkpoints.latest().unwrap().unwrap();
    let fresh = LinearConfig::new(2, 3).init(&host());
    let (_, ema, _) = latest.restore(fresh, optimizer()).unwrap();
    assert_ne!(ema.unwrap().weight.val().into_data(), saved.weight.val().into_data());
    // A broken disk is no such file system.
    let error = open(|_| Err(io::Error::from_raw_os_error(5))).unwrap_err().to_string();
    assert!(error.ends_with("Input/output error (os error 5)"), "{error}");
}

#[test]
fn a_folder_that_has_gone_is_not_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = open(&folder.path().join("run/checkpoints"), 1);
    fs::remove_dir_all(folder.path().join("run")).unwrap();
    let model = LinearConfig::new(2, 3).init(&host());
    let state = State { model: &model, ema: None, optimizer: &optimizer() };
    let error = checkpoints.save(RunProgress::default(), &state).unwrap_err().to_string();
    assert!(error.ends_with("cannot write: No such file or directory (os error 2)"), "{error}");
    assert!(!folder.path().join("run").exists());
}
