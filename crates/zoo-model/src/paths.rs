//! Paths of parameters and layers, such as `blocks.3.norm1.gamma`.

/// What a visitor or mapper of a module does to have in its field `path: Vec<String>` the path of
/// what it is shown.
#[macro_export]
macro_rules! keep_path {
    () => {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.to_string());
        }

        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
    };
}

/// The path of the head, the layer that gives the scores, of a network with these
/// [layers](super::Classifier::layers).
pub fn head_path(layers: &[Vec<String>]) -> &str {
    layers.last().and_then(|layer| layer.last()).map_or("", String::as_str)
}

/// True where `path` is `prefix` or lies below it.
pub fn is_within(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
