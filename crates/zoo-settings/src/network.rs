/// Declares the config of a network, in which every field has a value, and beside it its settings,
/// in which every field is optional: what is left out takes the value of the config's `preset`.
/// That is how a config is deserialised, too.
///
/// Every network has the fields `preset`, `num_classes`, `channels`, `image_size` and `dropout`, and
/// a function `preset` that makes the config of a preset. The crate that uses this needs `serde` and
/// `schemars`.
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
