//! Decodes an image file as datasets do, and writes it as PNG: `decode IN OUT.png`.

use std::process::ExitCode;

use zoo_data::Image;

fn main() -> ExitCode {
    let paths: Vec<_> = std::env::args_os().skip(1).collect();
    let [from, to] = &paths[..] else {
        eprintln!("usage: decode IN OUT.png");
        return ExitCode::from(2);
    };
    match Image::open(from).and_then(|image| image.save_png(to)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
