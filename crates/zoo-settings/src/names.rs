/// Declares a choice, each variant with the name that JSON and messages have for it.
///
/// The enum is `Copy`, has `ALL`, `name`, `Display`, serde's traits and `JsonSchema`, and every
/// trait that it derives besides. The crate that uses this needs `serde` and `schemars`.
///
/// ```
/// zoo_settings::names! {
///     /// A size of shirt.
///     #[derive(Default)]
///     pub enum Size {
///         /// For most.
///         #[default]
///         Medium = "m",
///         /// For some.
///         Large = "l",
///     }
/// }
///
/// assert_eq!(Size::ALL, [Size::Medium, Size::Large]);
/// assert_eq!(Size::default().name(), "m");
/// assert_eq!(format!("{:>3}", Size::Large), "  l");
/// assert_eq!(serde_json::from_str::<Size>("\"l\"")?, Size::Large);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! names {
    (
        $(#[$about:meta])*
        $visible:vis enum $kind:ident {
            $($(#[$says:meta])* $variant:ident = $name:literal,)*
        }
    ) => {
        $(#[$about])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash,
            ::serde::Serialize, ::serde::Deserialize, ::schemars::JsonSchema,
        )]
        $visible enum $kind {
            $($(#[$says])* #[serde(rename = $name)] $variant,)*
        }

        impl $kind {
            /// All of them, in their order.
            pub const ALL: [Self; [$(Self::$variant),*].len()] = [$(Self::$variant),*];

            /// The name in JSON.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }

        impl ::core::fmt::Display for $kind {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.name())
            }
        }
    };
}
