//! The cache of the Hugging Face hub on this machine, which Python's client fills, too.
//!
//! `models--OWNER--MODEL/` holds `refs/BRANCH`, a file with a commit, `snapshots/COMMIT/`, the files of
//! that commit, and `.no_exist/COMMIT/`, empty files by the names of those that it does not have.

use std::{env, fs, path::PathBuf};

use hf_hub::{Cache, Repo};

/// Hugging Face's own variable for its folder.
pub const HOME: &str = "HF_HOME";
/// Hugging Face's own variables for the folder of the cache, now and earlier.
const CACHE: [&str; 2] = ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"];
/// Hugging Face's own variable for what shows that one may have a model.
pub const TOKEN: &str = "HF_TOKEN";

/// The folders of Hugging Face on this machine.
pub struct Folders {
    /// What belongs to the user, such as a token.
    home: PathBuf,
    /// The cache.
    hub: PathBuf,
}

impl Folders {
    /// Those that the environment says, as Python's client has them; `None` where there is no home.
    pub fn from_env() -> Option<Self> {
        let home = folder(HOME)
            .or_else(|| Some(folder("XDG_CACHE_HOME")?.join("huggingface")))
            .or_else(|| Some(env::home_dir()?.join(".cache/huggingface")))?;
        let hub = CACHE.into_iter().find_map(folder).unwrap_or_else(|| home.join("hub"));
        Some(Self { home, hub })
    }

    /// The cache as hf-hub wants it.
    pub fn cache(&self) -> Cache {
        Cache::new(self.hub.clone())
    }

    /// What shows that one may have a model, from the environment or as `hf auth login` has kept it.
    pub fn token(&self) -> Option<String> {
        let said = env::var(TOKEN).ok().filter(|token| !token.is_empty());
        said.or_else(|| Cache::new(self.home.join("hub")).token())
    }

    /// The commit of the revision of `repo`, a branch, tag or commit, if the cache has it.
    pub fn commit(&self, repo: &Repo) -> Option<String> {
        let folder = self.hub.join(repo.folder_name());
        let said = fs::read_to_string(folder.join("refs").join(repo.revision()));
        // Of a commit, Python's client writes no ref.
        let commit = said.map_or_else(|_| repo.revision().to_string(), |said| said.trim().into());
        folder.join("snapshots").join(&commit).is_dir().then_some(commit)
    }

    /// A file of `repo`, if the cache has it.
    pub fn find(&self, repo: &Repo, name: &str) -> Option<PathBuf> {
        let snapshots = self.hub.join(repo.folder_name()).join("snapshots");
        let path = snapshots.join(self.commit(repo)?).join(name);
        path.is_file().then_some(path)
    }

    /// Whether the cache knows that `repo` has no such file.
    pub fn knows_none(&self, repo: &Repo, name: &str) -> bool {
        self.absent(repo).is_some_and(|absent| absent.join(name).is_file())
    }

    /// Notes that `repo` has no such file, so that it is not asked for again.
    pub fn note_none(&self, repo: &Repo, name: &str) {
        if let Some(absent) = self.absent(repo) {
            // Without the note, it is only asked for once more.
            let _ = fs::create_dir_all(&absent).and_then(|()| fs::write(absent.join(name), ""));
        }
    }

    /// Where files are noted that `repo` does not have.
    fn absent(&self, repo: &Repo) -> Option<PathBuf> {
        let folder = self.hub.join(repo.folder_name());
        Some(folder.join(".no_exist").join(self.commit(repo)?))
    }

    /// The commits of `repo` of which the cache has something.
    pub fn commits(&self, repo: &Repo) -> Vec<String> {
        let snapshots = self.hub.join(repo.folder_name()).join("snapshots");
        let entries = fs::read_dir(snapshots).into_iter().flatten().flatten();
        let mut commits: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        commits.sort();
        commits
    }
}

fn folder(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}
