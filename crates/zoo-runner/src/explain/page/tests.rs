use super::*;
use crate::explain::{
    METHODS, Method, Subject, blank_record,
    sample::{image, network, settings},
};

/// What must not come through to a page as it is.
const HOSTILE: &str = r#"<script src="https://example.org/x.js">alert('1' & "2")</script>"#;

/// The page about an image, by a small CNN that knows these classes.
fn page(classes: Vec<String>) -> (tempfile::TempDir, String) {
    let (settings, channels) = &settings()[0];
    let network = network(settings, *channels, classes);
    let blank = blank_record(&network);
    let methods: Vec<&'static Method> =
        METHODS.into_iter().filter(|method| (method.lacks)(&blank).is_none()).collect();
    let subject = Subject::new(&network, &image(), None).unwrap();
    let lesson = |number: usize| {
        Lesson::new(HOSTILE.to_string(), format!("{number}-x"), &subject, &methods, || ()).unwrap()
    };
    let explanation = Explanation {
        title: HOSTILE.to_string(),
        facts: vec![("run", HOSTILE.to_string())],
        lessons: vec![lesson(1), lesson(2)],
    };
    let folder = tempfile::tempdir().unwrap();
    let (page, files) = explanation.write(&Folder::open(folder.path(), false).unwrap()).unwrap();
    assert_eq!(files.len(), 2);
    for file in files.iter().flatten() {
        assert!(fs::read(file).unwrap().starts_with(b"\x89PNG"), "{}", file.display());
    }
    let page = fs::read_to_string(page).unwrap();
    (folder, page)
}

#[test]
fn hostile_names_are_text_and_the_page_needs_nothing_else() {
    let classes = [HOSTILE.to_string(), String::from("🦀, \"crab\""), "long ".repeat(40)];
    let (_folder, page) = page(classes.to_vec());
    for address in ["http://", "https://", "<script", "<link rel=\"stylesheet", "@import", "url("] {
        assert!(!page.contains(address), "{address}");
    }
    for attribute in ["src=\"", "href=\""] {
        for value in page.split(attribute).skip(1) {
            let is_inside = value.starts_with("data:") || value.starts_with("#image-");
            assert!(is_inside, "{attribute}{}", &value[..40.min(value.len())]);
        }
    }
    assert!(page.contains("&lt;script src=&quot;https:&#x2f;&#x2f;example.org"));
    for class in &classes[1..] {
        assert!(page.contains(&class.replace('"', "&quot;")), "{class}");
    }
}

#[test]
fn of_a_thousand_classes_five_are_shown() {
    let (_folder, page) = page((0..1000).map(|number| format!("kind {number}")).collect());
    assert!(page.contains("the 5 most probable of 1000 classes"), "{page}");
    let rows = page.matches("<tr><th><bdi>kind ").count();
    assert_eq!(rows, 2 * 5);
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
}
