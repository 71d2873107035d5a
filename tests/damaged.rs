//! Files of weights that are damaged, lie or attack: each is refused in words, and nothing of it is run.

mod harness;

use std::fs;

use harness::{Zoo, weights::fixture};

/// What importing `file` is refused with, without the path before it.
fn refused(zoo: &Zoo, file: &str) -> String {
    let said = zoo.refused(&["import", file, "--out", "out.safetensors", "--num-heads", "2"]);
    assert!(!zoo.path("out.safetensors").exists());
    let start = format!("error: {file}: ");
    assert!(said.starts_with(&start), "{said}");
    said[start.len()..].trim_end().to_string()
}

#[test]
fn a_pickle_that_calls_something_is_refused_by_name_and_never_run() {
    let zoo = Zoo::new();
    for name in ["hostile.pth", "hostile-legacy.pth"] {
        let error = refused(&zoo, &fixture(name));
        let expected = "would call `posix.system` when opened, which no weights file needs; nothing \
                        was called. Save it again as a state dict (`torch.save(model.state_dict(), \
                        …)`) or as safetensors";
        assert_eq!(error, expected);
    }
    assert!(!zoo.path("executed-by-a-pickle").exists());
}

#[test]
fn damaged_files_are_refused() {
    let zoo = Zoo::new();
    let cut = |name: &str, keep: &dyn Fn(usize) -> usize| {
        let bytes = fs::read(fixture(name)).unwrap();
        fs::write(zoo.path("cut"), &bytes[..keep(bytes.len())]).unwrap();
        refused(&zoo, "cut")
    };
    assert_eq!(
        cut("timm-vit.safetensors", &|_| 5),
        "is not a weights file: it is shorter than 9 bytes"
    );
    for keep in [&(|_: usize| 100usize) as &dyn Fn(usize) -> usize, &|all| all / 2, &|all| all - 1]
    {
        let error = cut("timm-vit.safetensors", keep);
        assert!(error.starts_with("is not a valid safetensors file: "), "{error}");
        let error = cut("timm-vit-nested.pth", keep);
        assert!(error.starts_with("is corrupt or truncated: "), "{error}");
    }
    zoo.write("cut", "not weights at all, but a text of some length");
    assert_eq!(
        refused(&zoo, "cut"),
        "is not a PyTorch file: it contains no pickle, or one of an unknown kind"
    );
}

#[test]
fn a_header_that_lies_is_refused() {
    let zoo = Zoo::new();
    let lie = |header: &str, data: usize| {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.bytes());
        bytes.resize(bytes.len() + data, 0);
        fs::write(zoo.path("lie.safetensors"), bytes).unwrap();
        refused(&zoo, "lie.safetensors")
    };
    let tensor = |shape: &str, start: usize, end: usize| {
        format!(r#"{{"dtype":"F32","shape":{shape},"data_offsets":[{start},{end}]}}"#)
    };
    let one = |shape: &str, end| format!(r#"{{"a":{}}}"#, tensor(shape, 0, end));
    let two = format!(r#"{{"a":{},"b":{}}}"#, tensor("[2]", 0, 8), tensor("[2]", 4, 12));
    for (header, data) in [
        (one("[3]", 8), 8),
        (one("[2]", 8), 4),
        (one("[2]", 8), 12),
        (one("[4611686018427387904,16]", 8), 8),
        (two, 12),
    ] {
        let error = lie(&header, data);
        assert!(error.starts_with("is not a valid safetensors file: "), "{header}: {error}");
    }
}
