/// Declares the config of a network, in which every field has a value, and its settings, in which
/// every field is an `Option`: what a file leaves out takes the value of the preset that it names,
/// or of the default one.
///
/// The macro begins with the name of the settings, twice because serde wants it as text, and then
/// has the config as any other struct. It needs the fields `preset`, `num_classes`, `channels`,
/// `image_size` and `dropout`, and a function `preset`, written by hand, that makes the config of a
/// preset. It gives both structs, with the same documentation of their fields, `From` each for the
/// other, and `with_num_classes`, `with_channels`, `with_image_size` and `with_dropout`. The crate
/// that uses this needs `serde` and `schemars`.
///
/// ```
/// zoo_settings::names! {
///     /// Named sizes of a perceptron.
///     #[derive(Default)]
///     pub enum PerceptronPreset {
///         /// For digits.
///         #[default]
///         Small = "small",
///         /// For photos.
///         Large = "large",
///     }
/// }
///
/// zoo_settings::network! {
///     PerceptronSettings = "PerceptronSettings"
///     /// Sizes of a perceptron.
///     pub struct PerceptronConfig {
///         /// The preset that the other fields start from (default: small).
///         pub preset: PerceptronPreset,
///         /// Number of classes.
///         pub num_classes: usize,
///         /// Channels of an image: 1 (grey) or 3 (RGB).
///         pub channels: usize,
///         /// Side of the square images, in pixels.
///         pub image_size: usize,
///         /// Features of the hidden layer.
///         pub hidden: usize,
///         /// Probability of dropping a feature, at least 0 and below 1.
///         pub dropout: f64,
///     }
/// }
///
/// impl PerceptronConfig {
///     /// The sizes of a preset.
///     pub fn preset(preset: PerceptronPreset) -> Self {
///         let (channels, image_size, hidden) = match preset {
///             PerceptronPreset::Small => (1, 28, 128),
///             PerceptronPreset::Large => (3, 64, 1024),
///         };
///         Self { preset, num_classes: 10, channels, image_size, hidden, dropout: 0.0 }
///     }
/// }
///
/// // A file says only what differs from its preset.
/// let file = r#"{"preset": "large", "hidden": 512}"#;
/// let settings: PerceptronSettings = serde_json::from_str(file)?;
/// assert_eq!((settings.hidden, settings.image_size), (Some(512), None));
/// let config = PerceptronConfig::from(settings);
/// assert_eq!((config.hidden, config.image_size), (512, 64));
/// assert_eq!(config, serde_json::from_str(file)?);
///
/// let config = PerceptronConfig::preset(PerceptronPreset::Small).with_num_classes(3);
/// assert_eq!(PerceptronSettings::from(config).num_classes, Some(3));
/// assert!(serde_json::from_str::<PerceptronSettings>(r#"{"hiden": 512}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! network {
    (
        $settings:ident = $name:literal
        $(#[$about:meta])*
        pub struct $config:ident { $($fields:tt)* }
    ) => {
        $(#[$about])*
        ///
        #[doc = concat!("Deserialised through [`", $name, "`]: fields that a file leaves out take the")]
        /// preset's value, and unknown keys are refused.
        #[$crate::optfield(
            pub $settings,
            doc = "The network; what is left out takes the preset's value.",
            field_doc,
            attrs = (
                derive(
                    Clone, Debug, Default, PartialEq,
                    ::serde::Serialize, ::serde::Deserialize, ::schemars::JsonSchema,
                ),
                serde(default, deny_unknown_fields)
            ),
            field_attrs = (serde(skip_serializing_if = "Option::is_none")),
            merge_fn = overlay,
            from
        )]
        #[derive(
            Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize, ::schemars::JsonSchema,
        )]
        #[serde(from = $name)]
        pub struct $config { $($fields)* }

        impl From<$settings> for $config {
            fn from(settings: $settings) -> Self {
                let mut config = Self::preset(settings.preset.unwrap_or_default());
                config.overlay(settings);
                config
            }
        }

        impl $config {
            /// Sets the number of classes.
            pub fn with_num_classes(self, num_classes: usize) -> Self {
                Self { num_classes, ..self }
            }

            /// Sets the channels of an image, 1 or 3.
            pub fn with_channels(self, channels: usize) -> Self {
                Self { channels, ..self }
            }

            /// Sets the side of the square images, in pixels.
            pub fn with_image_size(self, image_size: usize) -> Self {
                Self { image_size, ..self }
            }

            /// Sets the probability of dropping a feature.
            pub fn with_dropout(self, dropout: f64) -> Self {
                Self { dropout, ..self }
            }
        }
    };
}
