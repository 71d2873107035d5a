//! A config with a comment on every key, from the JSON Schema.

use serde_json::Value;

use super::RunConfig;

/// The longest line of a comment.
const WIDTH: usize = 100;
const INDENT: usize = 2;

/// The text of `config` with the description of each key before it. Comments are read again: see
/// [`RunConfig::parse`].
pub fn commented(config: &Value) -> String {
    let schema = Value::from(schemars::schema_for!(RunConfig));
    let mut text = String::new();
    Writer { schema: &schema, text: &mut text }.value(config, &[&schema], 0);
    text + "\n"
}

struct Writer<'a> {
    /// The whole schema, which has the definitions.
    schema: &'a Value,
    text: &'a mut String,
}

impl<'a> Writer<'a> {
    /// Writes a value that one of `schemas` describes.
    fn value(&mut self, value: &Value, schemas: &[&'a Value], depth: usize) {
        let indent = " ".repeat(INDENT * (depth + 1));
        match value.as_object().filter(|fields| !fields.is_empty()) {
            Some(fields) => {
                self.text.push_str("{\n");
                for (place, (key, value)) in fields.iter().enumerate() {
                    let found = self.properties(schemas, key);
                    if let Some(description) = found.iter().find_map(|schema| self.told(schema)) {
                        self.comment(description, &indent);
                    }
                    self.text.push_str(&format!("{indent}{}: ", Value::from(key.as_str())));
                    self.value(value, &found, depth + 1);
                    let is_last = place + 1 == fields.len();
                    self.text.push_str(if is_last { "\n" } else { ",\n" });
                }
                self.text.push_str(&indent[INDENT..]);
                self.text.push('}');
            }
            None => self.text.push_str(&value.to_string()),
        }
    }

    /// What the schemas know of the field `key`, by whatever way.
    fn properties(&self, schemas: &[&'a Value], key: &str) -> Vec<&'a Value> {
        let of = |schema: &'a Value| {
            let own = schema["properties"].get(key).into_iter().collect::<Vec<_>>();
            let others = self.others(schema);
            own.into_iter().chain(self.properties(&others, key)).collect::<Vec<_>>()
        };
        schemas.iter().flat_map(|schema| of(schema)).collect()
    }

    /// The schemas that one is made of.
    fn others(&self, schema: &'a Value) -> Vec<&'a Value> {
        let named = schema["$ref"].as_str().and_then(|path| self.schema.pointer(&path[1..]));
        let lists = ["oneOf", "anyOf", "allOf"].map(|list| schema[list].as_array());
        named.into_iter().chain(lists.into_iter().flatten().flatten()).collect()
    }

    /// What a schema, or what it is made of, says of itself.
    fn told(&self, schema: &'a Value) -> Option<&'a str> {
        let own = schema["description"].as_str();
        own.or_else(|| self.others(schema).into_iter().find_map(|other| self.told(other)))
    }

    fn comment(&mut self, description: &str, indent: &str) {
        let mut line = String::new();
        for word in description.split_whitespace() {
            if !line.is_empty() && indent.len() + line.len() + word.len() + 4 > WIDTH {
                self.text.push_str(&format!("{indent}//{line}\n"));
                line.clear();
            }
            line.push(' ');
            line.push_str(word);
        }
        self.text.push_str(&format!("{indent}//{line}\n"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_comment_stands_before_each_key_and_is_read_over() {
        let config =
            json!({"seed": 1, "data": {"folder": {"root": "a \"b\" // c"}}, "model": {"cnn": {}}});
        let text = commented(&config);
        let expected = r#"{
  // Determines the initial weights, the order of the images, augmentation and dropout.
  "seed": 1,
  // The images.
  "data": {
    // A folder of photos, with one subfolder per class.
    "folder": {
      // The folder that contains the class folders, relative to the current directory.
      "root": "a \"b\" // c"
    }
  },
"#;
        assert!(text.starts_with(expected), "{text}");
        let read = RunConfig::parse(&text, "x", &[]).unwrap();
        assert_eq!(serde_json::to_value(&read.data).unwrap()["folder"]["root"], "a \"b\" // c");
        assert_eq!(read.seed, 1);
    }
}
