//! Labelled images to measure a network on: all of them, whatever split they are in.

use super::{DataConfig, Dataset, FolderConfig, Info, folder, listing::Listing, manifest};
use crate::DataError;

impl DataConfig {
    /// Opens all images of a folder or a table as one test split, beside a train and a valid split without
    /// images. One class will do. Settings of splits are not looked at.
    ///
    /// # Errors
    /// Those of [`check`](Self::check), [`DataError::Setting`] for a dataset of another kind, and
    /// [`DataError`]'s variants that come on opening.
    pub fn open_all(&self) -> Result<Dataset, DataError> {
        self.check()?;
        match self {
            Self::Folder(config) => {
                folder::list_all(&config.root)?.into_test(&folder::INFO, config)
            }
            Self::Manifest(config) => {
                manifest::list_all(config)?.into_test(&manifest::INFO, &config.as_folder())
            }
            other => Err(DataError::setting("data", "folder or manifest", other.info().name)),
        }
    }
}

impl Listing {
    /// All photos as a test split.
    fn into_test(
        mut self,
        info: &'static Info,
        config: &FolderConfig,
    ) -> Result<Dataset, DataError> {
        self.test = Some(std::mem::take(&mut self.train));
        self.valid = None;
        self.opened(info, config)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use tempfile::TempDir;

    use crate::{DataConfig, DataError, Dataset, FolderError, Image};

    fn folder(files: &[&str]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            Image::filled(2, 2, &[0; 3]).save_png(&path).unwrap();
        }
        folder
    }

    fn open(data: &str, key: &str, path: &Path) -> Result<Dataset, DataError> {
        let json = serde_json::json!({data: {key: path}});
        serde_json::from_value::<DataConfig>(json).unwrap().open_all()
    }

    /// Class and name below `root` of each image.
    fn images(data: &Dataset, root: &Path) -> Vec<(String, String)> {
        let split = data.test.as_ref().unwrap();
        let image = |position: usize| {
            let name = split.name(position);
            let name = Path::new(&name).strip_prefix(root).unwrap().display().to_string();
            (data.classes[split.label(position)].clone(), name)
        };
        (0..split.len()).map(image).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(class, name)| (class.to_string(), name.to_string())).collect()
    }

    #[test]
    fn a_single_image_of_a_class_will_do() {
        let folder = folder(&["ant/0.png", "bee/0.png", "bee/deep/1.png"]);
        fs::create_dir(folder.path().join("cat")).unwrap();
        let data = open("folder", "root", folder.path()).unwrap();
        assert_eq!(data.classes, ["ant", "bee", "cat"]);
        let expected = [("ant", "ant/0.png"), ("bee", "bee/0.png"), ("bee", "bee/deep/1.png")];
        assert_eq!(images(&data, folder.path()), pairs(&expected));
        assert_eq!((data.train.len(), data.valid.len(), data.notes.len()), (0, 0, 0));
    }

    #[test]
    fn folders_of_splits_count_together() {
        let root = folder(&["Test/bee/0.png", "Test/ant/0.png"]);
        let data = open("folder", "root", root.path()).unwrap();
        let expected = [("ant", "Test/ant/0.png"), ("bee", "Test/bee/0.png")];
        assert_eq!(images(&data, root.path()), pairs(&expected));
        assert_eq!(data.notes, Vec::<String>::new());

        // A folder of trains is a class.
        let root =
            folder(&["val/ant/0.png", "test/ant/1.png", "train/2.png", "3.png", "val/4.png"]);
        let data = open("folder", "root", root.path()).unwrap();
        let expected =
            [("ant", "test/ant/1.png"), ("train", "train/2.png"), ("ant", "val/ant/0.png")];
        assert_eq!(images(&data, root.path()), pairs(&expected));
        let notes = [
            ("", "left out images that are in no class folder: 3.png"),
            ("/val", "left out images that are in no class folder: 4.png"),
            ("", "all images, those of test, val together"),
        ];
        let root = root.path().display();
        assert_eq!(data.notes, notes.map(|(folder, note)| format!("{root}{folder}: {note}")));
    }

    #[test]
    fn all_rows_of_a_table_count() {
        let root = folder(&["0.png", "1.png", "2.png"]);
        let table = root.path().join("table.csv");
        let rows = "image,label,split\n0.png,bee,test\n1.png,ant,valid\n2.png,bee,test\n";
        fs::write(&table, rows).unwrap();
        let data = open("manifest", "path", &table).unwrap();
        let expected = [("bee", "0.png"), ("ant", "1.png"), ("bee", "2.png")];
        assert_eq!(images(&data, root.path()), pairs(&expected));
    }

    #[test]
    fn what_holds_no_class_is_refused() {
        let root = folder(&["0.png"]);
        let error = open("folder", "root", root.path()).unwrap_err();
        assert!(matches!(error, DataError::Folder(FolderError::NoClasses { .. })), "{error}");
        let error = serde_json::from_str::<DataConfig>(r#"{"sea": {}}"#).unwrap().open_all();
        let expected = "`data`: expected folder or manifest, found sea";
        assert_eq!(error.unwrap_err().to_string(), expected);
    }
}
