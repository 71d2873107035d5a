//! Weights by the names under which they are published, from a server on this machine.

mod harness;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
};

use harness::{Zoo, weights::fixture};

/// Serves the files of a fixture under `/OWNER/MODEL/resolve/REVISION/`, each once for each name.
/// Gives back, at the end, the paths that were asked for.
fn serve(names: &'static [&'static str]) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        let answer = |name: &&str| {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head: Vec<String> =
                lines.map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
            let body = fs::read(fixture(&format!("hf-vit/{name}"))).unwrap();
            let status = format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(&[status.as_bytes(), &body].concat()).unwrap();
            head[0].split(' ').nth(1).unwrap().to_string()
        };
        names.iter().map(answer).collect()
    });
    (address, serving)
}

#[test]
fn published_weights_are_fetched_once() {
    let zoo = Zoo::new();
    let (address, serving) =
        serve(&["config.json", "preprocessor_config.json", "model.safetensors"]);
    let import = ["import", "someone/small-vit@v1", "--out", "vit.safetensors"];
    let cache = zoo.path("cache");
    let cache = ("ZOO_CACHE", cache.to_str().unwrap());
    let said = zoo.run_with(&import, &[cache, ("HF_ENDPOINT", &address)]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    let asked = serving.join().unwrap();
    let path = |name| format!("/someone/small-vit/resolve/v1/{name}");
    let names = ["config.json", "preprocessor_config.json", "model.safetensors"];
    assert_eq!(asked, names.map(path));

    let offline = ("HF_HUB_OFFLINE", "1");
    let again = zoo.run_with(&import, &[cache, offline]);
    assert_eq!((again.code, again.stdout), (0, said.stdout));

    let other = ["import", "someone/other", "--out", "other.safetensors"];
    let said = zoo.run_with(&other, &[cache, offline]);
    let place = zoo.path("cache/weights/someone/other/main/config.json");
    assert_eq!(
        (said.code, said.stderr),
        (
            2,
            format!(
                "error: HF_HUB_OFFLINE forbids to fetch https://huggingface.co/someone/other/resolve/main/\
                 config.json; unset it, or get the file by hand and put it at {}\n",
                place.display()
            )
        )
    );
    let said = zoo.run_with(&other, &[cache, ("HF_ENDPOINT", &address)]);
    assert_eq!(said.code, 1);
    assert!(
        said.stderr.starts_with(&format!(
            "error: cannot fetch {address}/someone/other/resolve/main/config.json: "
        )),
        "{}",
        said.stderr
    );
    let said = zoo.run_with(&["import", "torchvision/resnet18", "--out", "x"], &[cache]);
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (
            2,
            "error: pretrained torchvision/resnet18: expected one of alexnet, vit_b_16, vit_b_32, vit_l_16, \
             vit_l_32\n"
        )
    );
}
