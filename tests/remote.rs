//! A device of another machine, lent by `zoo backend serve`.

mod harness;

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, ChildStdout, Command, Stdio},
};

use harness::{Said, Zoo, tiny};
use serde_json::{Value, json};

/// A server that ends with its handle.
struct Lender {
    process: Child,
    /// Kept, so that the server can write to it.
    _stdout: BufReader<ChildStdout>,
    /// What the server says: address and token.
    variables: Vec<(String, String)>,
}

impl Lender {
    fn start(zoo: &Zoo, flags: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_zoo"))
            .args(["backend", "serve", "--bind", "127.0.0.1:0", "-q"])
            .args(flags)
            .current_dir(zoo.path("."))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let variables = line.split_whitespace().map(|word| {
            let (name, value) = word.split_once('=').expect("NAME=VALUE");
            (name.to_string(), value.to_string())
        });
        Self { process, variables: variables.collect(), _stdout: stdout }
    }

    fn run(&self, zoo: &Zoo, args: &[&str]) -> Said {
        let variables: Vec<(&str, &str)> =
            self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        zoo.run_with(args, &variables)
    }

    fn ok(&self, zoo: &Zoo, args: &[&str]) -> String {
        let said = self.run(zoo, args);
        assert_eq!(said.code, 0, "{}", said.stderr);
        said.stdout
    }

    fn address(&self) -> &str {
        self.variables[0].1.strip_prefix("ws://").unwrap()
    }
}

impl Drop for Lender {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_remote_device_agrees_with_the_local_one() {
    let zoo = Zoo::new();
    let lender = Lender::start(&zoo, &[]);
    let printed =
        lender.ok(&zoo, &["parity", "--json", "-q", "--backend", "flex,remote", "--steps", "3"]);
    let rows: Value = serde_json::from_str(&printed).unwrap();
    let rows = rows.as_array().unwrap();
    let cases: Vec<_> = rows.iter().map(|row| row["config"].as_str().unwrap()).collect();
    assert_eq!(cases, ["cnn", "cnn-residual", "alexnet", "resnet", "vit"]);
    for row in rows {
        assert_eq!(row["pass"], true, "{row:#}");
        // The same kernels here and there would prove nothing.
        assert!(row["gradients"].as_f64().unwrap() > 0.0, "{row:#}");
    }
}

#[test]
fn a_run_trains_there_and_is_evaluated_here() {
    let zoo = Zoo::new();
    let lender = Lender::start(&zoo, &[]);
    let mut config = tiny(json!({"cnn": {"widths": [8], "hidden": 0}}));
    config["backend"] = json!("remote");
    zoo.write_config(&config);
    let trained: Value =
        serde_json::from_str(&lender.ok(&zoo, &["train", "tiny.json", "--json", "-q"])).unwrap();
    assert!(zoo.json("runs/tiny/manifest.json")["backend"].as_str().unwrap().starts_with("remote"));
    let evaluated = zoo.ok(&["evaluate", "runs/tiny", "--json", "-q", "--backend", "flex"]);
    let evaluated: Value = serde_json::from_str(&evaluated).unwrap();
    assert_eq!(evaluated["accuracy"], trained["accuracy"]);
}

#[test]
fn a_token_in_a_file_is_not_told() {
    let zoo = Zoo::new();
    zoo.write("token", "0123456789abcdef0123456789abcdef\n");
    let mut lender = Lender::start(&zoo, &["--token-file", "token"]);
    assert_eq!(lender.variables.len(), 1, "{:?}", lender.variables);
    let refused = |lender: &Lender| {
        let said = lender.run(&zoo, &["train", "tiny.json", "-q", "--backend", "remote"]);
        assert_eq!((said.code, said.stdout.as_str()), (2, ""), "{}", said.stderr);
        said.stderr
    };
    zoo.write_config(&tiny(json!({"cnn": {"widths": [8], "hidden": 0}})));
    assert_eq!(
        refused(&lender),
        format!(
            "error: backend `remote`: the server at {} wants its token in the environment variable \
             ZOO_REMOTE_TOKEN\n",
            lender.address()
        )
    );
    let set = |token: &str| (String::from("ZOO_REMOTE_TOKEN"), String::from(token));
    lender.variables.push(set("0123456789abcdef0123456789abcdeF"));
    assert_eq!(
        refused(&lender),
        format!(
            "error: backend `remote`: the server at {} has another token than the one in \
             ZOO_REMOTE_TOKEN\n",
            lender.address()
        )
    );
    lender.variables[1] = set("0123456789abcdef0123456789abcdef");
    let listed = lender.ok(&zoo, &["backends"]);
    assert!(listed.contains(&format!("remote   ws://{} ", lender.address())), "{listed}");
    let third = lender.run(&zoo, &["train", "tiny.json", "-q", "--backend", "remote:3"]);
    assert_eq!(third.code, 2);
    assert_eq!(
        third.stderr,
        "error: backend `remote:3`: no such device, 1 found on this machine\n"
    );
    zoo.write("short", "secret");
    assert_eq!(
        zoo.refused(&["backend", "serve", "--token-file", "short"]),
        "error: --token-file short: expected at least 16 letters, digits or signs and no blanks, as \
         `openssl rand -hex 32` makes them\n"
    );
}

#[test]
fn an_address_without_a_server_is_refused() {
    let zoo = Zoo::new();
    zoo.write_config(&tiny(json!({"cnn": {"widths": [8], "hidden": 0}})));
    let refused = |address: &str| {
        let args = ["train", "tiny.json", "-q", "--backend", "remote"];
        let said = zoo.run_with(&args, &[("ZOO_REMOTE", address)]);
        assert_eq!((said.code, said.stdout.as_str()), (2, ""), "{}", said.stderr);
        said.stderr
    };
    assert_eq!(
        zoo.refused(&["train", "tiny.json", "-q", "--backend", "remote"]),
        "error: backend `remote`: the environment variable ZOO_REMOTE must hold the server's address, as \
         in ws://gpu:3000; `zoo backend serve` starts one\n"
    );
    assert_eq!(
        refused("http://gpu"),
        "error: backend `remote`: ZOO_REMOTE: expected the address of a server, as in ws://gpu:3000, \
         found `http://gpu`\n"
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let said = refused(&address);
    assert!(
        said.starts_with(&format!("error: backend `remote`: no server answers at {address} (")),
        "{said}"
    );
    assert!(!zoo.path("runs").exists());
}
