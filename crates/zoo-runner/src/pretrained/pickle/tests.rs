use super::*;

fn calls(pickle: &[u8]) -> Result<Vec<String>, &'static str> {
    Scan::new(pickle).calls(1)
}

#[test]
fn calls_are_named_whatever_becomes_of_their_result() {
    // exec, whose result is thrown away, then an empty dict.
    assert_eq!(calls(b"\x80\x02cposix\nsystem\nX\x02\0\0\0ls\x85R0}."), named(&["posix.system"]));
    assert_eq!(calls(b"(S'ls'\nios\nsystem\n."), named(&["os.system"]));
    // The same by protocol 4, once more with names that were put aside.
    assert_eq!(calls(b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93."), named(&["os.system"]));
    let aside = b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94NN0h\x00h\x01\x93.";
    assert_eq!(calls(aside), named(&["os.system"]));
}

#[test]
fn what_cannot_be_followed_is_refused() {
    assert_eq!(calls(b"\x80\x02X\xff\0\0\0abc"), Err(CUT_SHORT));
    assert_eq!(calls(b"\x80\x02\x82\x01."), Err("its pickle calls by number"));
    assert_eq!(calls(b"hello"), Err(CUT_SHORT));
    assert_eq!(calls(b""), Err(CUT_SHORT));
}

fn named(names: &[&str]) -> Result<Vec<String>, &'static str> {
    Ok(names.iter().map(ToString::to_string).collect())
}
