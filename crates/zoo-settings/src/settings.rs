/// Declares blocks of a config, each field with its default, as in
/// [RFC 3681](https://rust-lang.github.io/rfcs/3681-default-field-values.html). A field without one
/// has that of its type. JSON may leave out any field, and unknown keys are refused.
///
/// The struct is what it would be by hand: with `Clone`, `Debug`, `PartialEq`, `Default`, serde's
/// traits and `JsonSchema`, its fields and their documentation as written. The crate that uses this
/// needs `serde` and `schemars`.
///
/// ```
/// zoo_settings::settings! {
///     /// Settings of momentum.
///     pub struct Momentum {
///         /// The share of the last step that carries over.
///         pub momentum: f64 = 0.9,
///         /// Whether to look ahead.
///         pub nesterov: bool,
///     }
/// }
///
/// let settings: Momentum = serde_json::from_str(r#"{"nesterov": true}"#)?;
/// assert_eq!(settings, Momentum { nesterov: true, ..Momentum::default() });
/// assert_eq!(settings.momentum, 0.9);
/// assert!(serde_json::from_str::<Momentum>(r#"{"momentun": 0.9}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! settings {
    (@default) => { ::core::default::Default::default() };
    (@default $default:expr) => { $default };
    ($(
        $(#[$about:meta])*
        $visible:vis struct $name:ident {
            $($(#[$says:meta])* $shown:vis $field:ident: $kind:ty $(= $default:expr)?,)*
        }
    )+) => {$(
        $(#[$about])*
        #[derive(
            Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize, ::schemars::JsonSchema,
        )]
        #[serde(default, deny_unknown_fields)]
        $visible struct $name {
            $($(#[$says])* $shown $field: $kind,)*
        }

        impl ::core::default::Default for $name {
            fn default() -> Self {
                Self { $($field: $crate::settings!(@default $($default)?),)* }
            }
        }
    )+};
}
