//! Weights by the names under which they are published, from a server on this machine.

mod harness;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
};

use harness::{Zoo, tiny, weights::fixture};
use serde_json::json;

/// The commit that the server says its files are of.
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A request as `NAME RANGE`, by the path behind the revision.
type Asked = Vec<String>;

/// Answers so many requests as the hub does, with the files of a fixture, of which `broken` breaks off
/// in the middle when it is asked for whole. Gives back, at the end, what was asked for.
fn serve(requests: usize, broken: &'static str) -> (String, std::thread::JoinHandle<Asked>) {
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
        let file = fs::read(fixture(&format!("hf-vit/{name}"))).unwrap();
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
        let revision = place.strip_prefix("/someone/small-vit/resolve/").unwrap();
        format!("{revision} {name} {range}")
    };
    (address, std::thread::spawn(move || (0..requests).map(answer).collect()))
}

#[test]
fn published_weights_are_fetched_once_and_gone_on_with() {
    let zoo = Zoo::new();
    let (address, serving) = serve(7, "model.safetensors");
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
                "error: HF_HUB_OFFLINE forbids to fetch https://huggingface.co/someone/other/resolve/main/\
                 config.json; unset it, or get the file by hand and give the path of the weights instead of their \
                 name\n"
            )
        )
    );
    // Nobody listens at a port that has been given back.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = format!("http://{address}");
    let (code, said) = refused("someone/other", ("HF_ENDPOINT", &address));
    assert_eq!(code, 1);
    let start = format!("error: cannot fetch {address}/someone/other/resolve/main/config.json: ");
    assert!(said.starts_with(&start), "{said}");
    let end = "; check the name and the network, set HF_TOKEN if the model is not open to all, or get the files by \
               hand and give the path of the weights (there is no folder `someone` here)\n";
    assert!(said.ends_with(end), "{said}");
    assert_eq!(
        refused("torchvision/resnet18", ("HF_HUB_OFFLINE", "1")),
        (
            2,
            String::from(
                "error: pretrained torchvision/resnet18: expected one of alexnet, vit_b_16, vit_b_32, vit_l_16, \
                 vit_l_32\n"
            )
        )
    );
}
