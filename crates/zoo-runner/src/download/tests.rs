//! Tests against a server in this process, which answers a few requests and tells what they were.

use std::{io::BufRead, net::TcpListener, thread::JoinHandle};

use tempfile::TempDir;

use super::*;

/// What the server does with a request.
#[derive(Clone, Copy)]
enum Answer {
    /// Sends what is asked for.
    Obey,
    /// Sends the whole, whatever is asked for.
    Whole,
    /// Promises what is asked for, and closes the connection after so many bytes.
    BreakOff(usize),
    /// Says so.
    Status(u16),
}

/// The content of the file: 200,000 bytes.
fn content() -> Vec<u8> {
    (0..200_000u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// Serves the content once for each answer. Gives back, at the end, the ranges that were asked for.
fn serve(answers: &[Answer]) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/data.bin", listener.local_addr().unwrap());
    let answers = answers.to_vec();
    let serving = std::thread::spawn(move || {
        let answer = |answer: Answer| {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = io::BufReader::new(stream.try_clone().unwrap()).lines();
            let head: Vec<String> =
                lines.map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
            let range = head
                .iter()
                .find_map(|line| line.to_lowercase().strip_prefix("range: ").map(String::from));
            stream.write_all(&response(answer, range.as_deref())).unwrap();
            range.unwrap_or_default()
        };
        answers.into_iter().map(answer).collect()
    });
    (url, serving)
}

fn response(answer: Answer, range: Option<&str>) -> Vec<u8> {
    let whole = content();
    let start =
        range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let (status, start, sent) = match (answer, start) {
        (Answer::Status(status), _) => (status, 0, 0),
        (Answer::Obey, Some(start)) => (206, start, whole.len()),
        (Answer::BreakOff(bytes), start) => (start.map_or(200, |_| 206), start.unwrap_or(0), bytes),
        (Answer::Whole | Answer::Obey, _) => (200, 0, whole.len()),
    };
    let mut text = format!("HTTP/1.1 {status} -\r\nConnection: close\r\n");
    if status < 300 {
        text += &format!("Content-Length: {}\r\n", whole.len() - start);
    }
    if status == 206 {
        let last = whole.len() - 1;
        text += &format!("Content-Range: bytes {start}-{last}/{}\r\n", whole.len());
    }
    let mut bytes = (text + "\r\n").into_bytes();
    bytes.extend(&whole[start..whole.len().min(start + sent)]);
    bytes
}

/// A download into `folder`, of the right size and hash.
fn download(url: &str, folder: &TempDir) -> Download {
    let hash: String = Sha256::digest(content()).iter().map(|byte| format!("{byte:02x}")).collect();
    Download {
        url: url.to_string(),
        path: folder.path().join("deep/data.bin"),
        bytes: Some(200_000),
        sha256: Some(hash),
    }
}

fn fetch(download: &Download) -> Result<Fetched, String> {
    let folder = download.path.parent().unwrap().display().to_string();
    let server = download.url.strip_suffix("/data.bin").unwrap();
    let told =
        |error: DownloadError| error.to_string().replace(&folder, "DIR").replace(server, "URL");
    download.fetch(Show::Nothing).map_err(told)
}

#[test]
fn a_file_is_fetched_once() {
    let (folder, (url, serving)) = (tempfile::tempdir().unwrap(), serve(&[Answer::Obey]));
    let file = download(&url, &folder);
    assert_eq!(fetch(&file), Ok(Fetched::Now));
    assert_eq!(fetch(&file), Ok(Fetched::Before));
    assert_eq!(fs::read(&file.path).unwrap(), content());
    assert!(!file.part().exists());
    assert_eq!(serving.join().unwrap(), [""]);
}

#[test]
fn what_broke_off_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let (url, serving) = serve(&[Answer::BreakOff(70_000), Answer::BreakOff(1), Answer::Obey]);
    let file = download(&url, &folder);
    let message = fetch(&file).unwrap_err();
    assert!(
        message.starts_with(
            "the download of URL/data.bin was interrupted after 70000 of 200000 bytes ("
        ),
        "{message}"
    );
    assert!(
        message.ends_with(
            "); run the command again to continue, or get the file by other means and put it at DIR/data.bin"
        ),
        "{message}"
    );
    assert!(!file.path.exists());
    fetch(&file).unwrap_err();
    assert_eq!(fetch(&file), Ok(Fetched::Now));
    assert_eq!(fs::read(&file.path).unwrap(), content());
    assert_eq!(serving.join().unwrap(), ["", "bytes=70000-", "bytes=70001-"]);
}

#[test]
fn a_server_that_cannot_go_on_sends_all_again() {
    for (answers, ranges) in [
        (&[Answer::BreakOff(500), Answer::Whole][..], &["", "bytes=500-"][..]),
        (&[Answer::BreakOff(500), Answer::Status(416), Answer::Obey], &["", "bytes=500-", ""]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (url, serving) = serve(answers);
        let file = download(&url, &folder);
        fetch(&file).unwrap_err();
        assert_eq!(fetch(&file), Ok(Fetched::Now));
        assert_eq!(fs::read(&file.path).unwrap(), content());
        assert_eq!(serving.join().unwrap(), ranges);
    }
}

#[test]
fn a_whole_part_is_taken_as_it_is_and_too_long_a_one_is_not() {
    let (folder, (url, serving)) = (tempfile::tempdir().unwrap(), serve(&[Answer::Obey]));
    let file = download(&url, &folder);
    fs::create_dir(file.path.parent().unwrap()).unwrap();
    fs::write(file.part(), content()).unwrap();
    assert_eq!(fetch(&file), Ok(Fetched::Now));
    fs::remove_file(&file.path).unwrap();
    fs::write(file.part(), vec![0; 200_001]).unwrap();
    assert_eq!(fetch(&file), Ok(Fetched::Now));
    assert_eq!(serving.join().unwrap(), [""]);
}

#[test]
fn the_beginning_of_a_hash_will_do() {
    let (folder, (url, _serving)) = (tempfile::tempdir().unwrap(), serve(&[Answer::Obey]));
    let mut file = Download { bytes: None, ..download(&url, &folder) };
    file.sha256.as_mut().unwrap().truncate(8);
    assert_eq!(fetch(&file), Ok(Fetched::Now));
}

#[test]
fn another_content_is_refused_and_removed() {
    let (folder, (url, _serving)) = (tempfile::tempdir().unwrap(), serve(&[Answer::Obey]));
    let right = download(&url, &folder);
    let file = Download { sha256: Some("12ab".to_string()), ..right.clone() };
    let hash = right.sha256.as_ref().unwrap();
    assert_eq!(
        fetch(&file).unwrap_err(),
        format!(
            "DIR/data.bin.part has the SHA-256 {hash}, expected 12ab: it is not the file published \
             at URL/data.bin; it has been removed: download it again, or get it by other means and \
             put it at DIR/data.bin"
        )
    );
    assert!(!file.part().exists() && !file.path.exists());
}

#[test]
fn a_wrong_file_that_was_put_there_by_hand_stays_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = download("http://127.0.0.1:9/data.bin", &folder);
    fs::create_dir(file.path.parent().unwrap()).unwrap();
    fs::write(&file.path, "<html>").unwrap();
    assert_eq!(
        fetch(&file).unwrap_err(),
        "DIR/data.bin has 6 bytes, expected 200000: it is not the file published at URL/data.bin; \
         remove it and download it again, or get it by other means and put it at DIR/data.bin"
    );
    assert!(file.path.exists());
}

#[test]
fn without_server_or_file_it_is_told_what_to_do_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let (url, _serving) = serve(&[Answer::Status(404)]);
    let advice = "check your connection, or get the file by other means and put it at DIR/data.bin";
    assert_eq!(
        fetch(&download(&url, &folder)).unwrap_err(),
        format!("cannot download URL/data.bin: the server answered 404 Not Found; {advice}")
    );
    // Nobody listens at a port that was just given up.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let message =
        fetch(&download(&format!("http://127.0.0.1:{port}/data.bin"), &folder)).unwrap_err();
    assert!(message.starts_with("cannot download URL/data.bin: "), "{message}");
    assert!(message.ends_with(advice), "{message}");
}

#[test]
fn two_processes_do_not_fetch_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = download("http://127.0.0.1:9/data.bin", &folder);
    fs::create_dir(file.path.parent().unwrap()).unwrap();
    let held = File::create(file.part()).unwrap();
    held.lock().unwrap();
    assert_eq!(
        fetch(&file).unwrap_err(),
        "another process is downloading DIR/data.bin.part; wait for it to finish"
    );
}
