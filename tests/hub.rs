//! Weights by the names under which they are published, from a server on this machine.

mod harness;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::{Path, PathBuf},
};

use harness::{
    Zoo, tiny,
    weights::{fixture, read, renamed, write},
};
use serde_json::json;

/// The commit that the server says its files are of.
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A request as `NAME RANGE`, by the path behind the revision.
type Asked = Vec<String>;

/// Answers so many requests as the hub does, with the files of a folder, of which `broken` breaks off in
/// the middle when it is asked for whole. Gives back, at the end, what was asked for.
fn serve(
    requests: usize,
    folder: PathBuf,
    broken: &'static str,
) -> (String, std::thread::JoinHandle<Asked>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answer = move |_| {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let head: Vec<String> =
            lines.map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
        let path = head[0].split(' ').nth(1).unwrap();
        let (place, name) = path.rsplit_once('/').unwrap();
        let range = head.iter().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case("range").then(|| value.strip_prefix("bytes=").unwrap())
        });
        let range = range.expect("the client asks for ranges");
        let (from, to) = range.split_once('-').unwrap();
        let revision = place.strip_prefix("/someone/small-vit/resolve/").unwrap();
        let asked = format!("{revision} {name} {range}");
        let Ok(file) = fs::read(folder.join(name)) else {
            let none = "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(none.as_bytes()).unwrap();
            return asked;
        };
        let from: usize = from.parse().unwrap();
        let to = to.parse().map_or(file.len(), |last: usize| last + 1);
        let mut body = &file[from..to];
        let status = format!(
            "HTTP/1.1 206 Partial Content\r\nConnection: close\r\nContent-Length: {}\r\n\
             Content-Range: bytes {from}-{}/{}\r\nETag: \"etag-of-{name}\"\r\nX-Repo-Commit: {COMMIT}\r\n\r\n",
            body.len(),
            to - 1,
            file.len()
        );
        if name == broken && body.len() == file.len() {
            body = &body[..body.len() / 2];
        }
        stream.write_all(&[status.as_bytes(), body].concat()).unwrap();
        asked
    };
    (address, std::thread::spawn(move || (0..requests).map(answer).collect()))
}

#[test]
fn published_weights_are_fetched_once_and_gone_on_with() {
    let zoo = Zoo::new();
    let (address, serving) = serve(7, fixture("hf-vit").into(), "model.safetensors");
    let import = ["import", "someone/small-vit@v1", "--out", "vit.safetensors"];
    let home = zoo.path("home");
    let home = ("HF_HOME", home.to_str().unwrap());
    let said = zoo.run_with(&import, &[home, ("HF_ENDPOINT", &address)]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    let half = fs::metadata(fixture("hf-vit/model.safetensors")).unwrap().len() / 2;
    let expected = [
        String::from("v1 config.json 0-0"),
        String::from("v1 config.json 0-"),
        format!("{COMMIT} preprocessor_config.json 0-0"),
        format!("{COMMIT} preprocessor_config.json 0-"),
        format!("{COMMIT} model.safetensors 0-0"),
        format!("{COMMIT} model.safetensors 0-"),
        format!("{COMMIT} model.safetensors {half}-"),
    ];
    assert_eq!(serving.join().unwrap(), expected);

    let offline = ("HF_HUB_OFFLINE", "1");
    let again = zoo.run_with(&import, &[home, offline]);
    assert_eq!((again.code, again.stdout), (0, said.stdout));

    // A run says which commit it has started from.
    let mut config = tiny(json!({"vit": {}}));
    config["pretrained"] = json!("someone/small-vit@v1");
    config["fine_tune"] = json!({"head": "new"});
    config["train"]["epochs"] = json!(1);
    zoo.write_config(&config);
    let trained = zoo.run_with(&["train", "tiny.json", "--run-dir", "run", "-q"], &[home, offline]);
    assert_eq!((trained.code, trained.stderr.as_str()), (0, ""));
    assert_eq!(zoo.json("run/config.json")["pretrained"], format!("someone/small-vit@{COMMIT}"));
}

/// Puts the files of the small network into a cache as Python's client does, and writes a ref of a
/// branch if one is given.
fn fill_cache(hub: &Path, model: &str, branch: Option<&str>, names: &[&str]) {
    let folder = hub.join(format!("models--someone--{model}"));
    let snapshot = folder.join("snapshots").join(COMMIT);
    fs::create_dir_all(&snapshot).unwrap();
    for name in names {
        fs::copy(fixture(&format!("hf-vit/{name}")), snapshot.join(name)).unwrap();
    }
    if let Some(branch) = branch {
        fs::create_dir(folder.join("refs")).unwrap();
        fs::write(folder.join("refs").join(branch), COMMIT).unwrap();
    }
}

#[test]
fn the_cache_of_pythons_client_is_used_offline() {
    let zoo = Zoo::new();
    let all = ["config.json", "preprocessor_config.json", "model.safetensors"];
    fill_cache(&zoo.path("home/hub"), "main", Some("main"), &all);
    fill_cache(&zoo.path("elsewhere"), "main", Some("main"), &all);
    fill_cache(&zoo.path("elsewhere"), "commit", None, &all);
    fill_cache(&zoo.path("elsewhere"), "bare", Some("main"), &["config.json", "model.safetensors"]);
    let [home, elsewhere] = ["home", "elsewhere"].map(|name| zoo.path(name));
    let offline = ("HF_HUB_OFFLINE", "TRUE");
    let home = [("HF_HOME", home.to_str().unwrap()), offline];
    let cache = [("HF_HOME", "nowhere"), ("HF_HUB_CACHE", elsewhere.to_str().unwrap()), offline];
    let import = |name: &str, variables: &[(&str, &str)]| {
        let said = zoo.run_with(&["import", name, "--out", "vit.safetensors"], variables);
        (said.code, said.stdout + &said.stderr)
    };
    let expected =
        (0, String::from("vit.safetensors: vit of 5603 parameters from hf's layout, 32 tensors\n"));
    assert_eq!(import("someone/main", &home), expected);
    assert_eq!(import("someone/main", &cache), expected);
    assert_eq!(import(&format!("someone/main@{COMMIT}"), &cache), expected);
    assert_eq!(import(&format!("someone/commit@{COMMIT}"), &cache), expected);

    let forbidden = |file: &str| {
        format!(
            "error: HF_HUB_OFFLINE forbids downloading https://huggingface.co/someone/{file}; unset it, or get \
             the file by other means and give the path to the weights instead of their name"
        )
    };
    let config = forbidden("commit/resolve/main/config.json");
    let expected = format!("{config}; the cache has someone/commit@{COMMIT}\n");
    assert_eq!(import("someone/commit", &cache), (2, expected));
    // How images are prepared is not guessed, unless the model is known not to say it.
    let preprocessor = forbidden(&format!("bare/resolve/{COMMIT}/preprocessor_config.json"));
    assert_eq!(import("someone/bare", &cache), (2, preprocessor + "\n"));
    let absent = elsewhere.join("models--someone--bare/.no_exist").join(COMMIT);
    fs::create_dir_all(&absent).unwrap();
    fs::write(absent.join("preprocessor_config.json"), "").unwrap();
    let (code, said) = import("someone/bare", &cache);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("assumed: mean [0.5, 0.5, 0.5]"), "{said}");
}

#[test]
fn a_model_without_safetensors_or_in_parts_is_fetched() {
    let zoo = Zoo::new();
    let small = |name: &str| fixture(&format!("hf-vit/{name}"));
    let fetch = |folder: &str, requests: usize| {
        let (address, serving) = serve(requests, zoo.path(folder), "");
        let home = zoo.path(&format!("{folder}-home"));
        let home = ("HF_HOME", home.to_str().unwrap());
        let args =
            ["import", "someone/small-vit", "--num-heads", "2", "--out", "vit.safetensors", "-q"];
        let said = zoo.run_with(&args, &[home, ("HF_ENDPOINT", &address)]);
        assert_eq!((said.code, said.stderr.as_str()), (0, ""));
        let asked = serving.join().unwrap();
        let names = asked.iter().map(|asked| asked.split(' ').nth(1).unwrap().to_string());
        let names: Vec<String> = names.collect();
        // What is there is used offline, too.
        let again = zoo.run_with(&args, &[home, ("HF_HUB_OFFLINE", "1")]);
        assert_eq!((again.code, again.stdout, again.stderr), (0, said.stdout, String::new()));
        (names, read(zoo.path("vit.safetensors")))
    };
    fs::create_dir(zoo.path("bin")).unwrap();
    fs::copy(fixture("torchvision-vit.pth"), zoo.path("bin/pytorch_model.bin")).unwrap();
    zoo.write("bin/config.json", "{}");
    let (asked, _) = fetch("bin", 6);
    let bin = "pytorch_model.bin";
    let config = "config.json";
    let first = ["model.safetensors", "model.safetensors.index.json"];
    assert_eq!(asked, [config, config, first[0], first[1], bin, bin]);

    fs::create_dir(zoo.path("parts")).unwrap();
    fs::copy(small("config.json"), zoo.path("parts/config.json")).unwrap();
    let all = read(small("model.safetensors"));
    let part = |name: &str| format!("part-{}.safetensors", name.len() % 2);
    for number in 0..2 {
        let file = format!("part-{number}.safetensors");
        let some = renamed(all.clone(), |name| (part(name) == file).then(|| name.to_string()));
        write(zoo.path(&format!("parts/{file}")), &some);
    }
    let map: serde_json::Map<String, serde_json::Value> =
        all.keys().map(|name| (name.clone(), json!(part(name)))).collect();
    let index = json!({"weight_map": map}).to_string();
    zoo.write("parts/model.safetensors.index.json", &index);
    let (asked, parts) = fetch("parts", 10);
    let names = ["preprocessor_config.json", first[0], first[1], first[1]];
    let expected =
        [&[config, config], &names[..], &["part-0.safetensors"; 2], &["part-1.safetensors"; 2]];
    assert_eq!(asked, expected.concat());
    zoo.ok(&["import", &small("model.safetensors"), "--out", "whole.safetensors", "-q"]);
    assert!(parts == read(zoo.path("whole.safetensors")));
}

#[test]
fn what_cannot_be_fetched_is_told_with_what_to_do() {
    let zoo = Zoo::new();
    let home = zoo.path("home");
    let home = ("HF_HOME", home.to_str().unwrap());
    let refused = |name: &str, environment: (&str, &str)| {
        let said =
            zoo.run_with(&["import", name, "--out", "out.safetensors"], &[home, environment]);
        (said.code, said.stderr)
    };
    assert_eq!(
        refused("someone/other", ("HF_HUB_OFFLINE", "1")),
        (
            2,
            String::from(
                "error: HF_HUB_OFFLINE forbids downloading \
                 https://huggingface.co/someone/other/resolve/main/config.json; unset it, or get \
                 the file by other means and give the path to the weights instead of their name\n"
            )
        )
    );
    // Nobody listens at a port that has been given back.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = format!("http://{address}");
    let (code, said) = refused("someone/other", ("HF_ENDPOINT", &address));
    assert_eq!(code, 1);
    let start =
        format!("error: cannot download {address}/someone/other/resolve/main/config.json: ");
    assert!(said.starts_with(&start), "{said}");
    let end = "; check the name and your connection, set HF_TOKEN if access to the model is \
               restricted, or get the files by other means and give the path to the weights (there \
               is no folder `someone` here)\n";
    assert!(said.ends_with(end), "{said}");
    assert_eq!(
        refused("torchvision/vgg16", ("HF_HUB_OFFLINE", "1")),
        (
            2,
            String::from(
                "error: pretrained torchvision/vgg16: expected one of alexnet, vit_b_16, vit_b_32, vit_l_16, \
                 vit_l_32, resnet18, resnet34, resnet50, resnet101, resnet152\n"
            )
        )
    );
}
