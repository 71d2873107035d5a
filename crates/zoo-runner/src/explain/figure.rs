//! What a page shows, whatever it explains.

use serde::{Serialize, Serializer};
use zoo_data::Image;

use crate::report::{Chart, png_uri};

/// One figure.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Figure {
    /// A sentence or more.
    Text {
        /// The text.
        text: String,
    },
    /// A picture, which is also saved as a file beside the page.
    Picture(Picture),
    /// Numbers in their places, on colours that say the same.
    Numbers(Numbers),
    /// A table.
    Table(Table),
    /// A chart of lines.
    Chart {
        /// The chart.
        chart: Chart,
    },
}

/// A picture.
#[derive(Debug, Serialize)]
pub struct Picture {
    /// What the name of its file says besides that of the method; may be empty.
    pub name: &'static str,
    /// What it shows.
    pub caption: String,
    /// The content of a PNG file; an address that holds it, when serialised.
    #[serde(rename = "address", serialize_with = "address")]
    pub png: Vec<u8>,
    /// Width in pixels.
    pub width: usize,
}

/// Numbers in rows and columns.
#[derive(Debug, Serialize)]
pub struct Numbers {
    /// What they are.
    pub caption: String,
    /// How they are coloured.
    pub tint: Tint,
    /// Row by row.
    pub rows: Vec<Vec<Cell>>,
}

/// The colours of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tint {
    /// From black to red, for 0 to 1.
    Red,
    /// From black to green.
    Green,
    /// From black to blue.
    Blue,
    /// From black to white.
    Grey,
    /// Stronger for larger numbers, in one colour for what is above 0 and in another below.
    Signed,
}

/// A number in its place.
#[derive(Debug, Serialize)]
pub struct Cell {
    /// The number; empty if there is no room.
    pub text: String,
    /// How strong its colour is, 0 to 1, or from -1 with [`Tint::Signed`].
    pub share: f32,
}

/// A table whose first column has names.
#[derive(Debug, Serialize)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// One name per column.
    pub head: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<TableRow>,
}

/// A row of a table.
#[derive(Debug, Serialize)]
pub struct TableRow {
    /// The first column.
    pub name: String,
    /// The other columns.
    pub cells: Vec<String>,
    /// Length of a bar, 0 to 1; `None` without.
    pub share: Option<f32>,
}

impl Figure {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// A picture, of which the pixels of a small one become squares.
    pub fn picture(name: &'static str, image: &Image, caption: impl Into<String>) -> Self {
        /// Pictures are enlarged by a whole number to about this width.
        const WIDTH: usize = 288;
        let image = image.enlarged((WIDTH / image.width()).max(1));
        Self::Picture(Picture {
            name,
            caption: caption.into(),
            png: image.to_png(),
            width: image.width(),
        })
    }
}

impl Numbers {
    /// Numbers above and below 0; those at a distance of `largest` get the strongest colour. They
    /// are written out if there are at most [`Self::WRITTEN`] per row.
    pub fn signed(caption: impl Into<String>, rows: &[Vec<f32>], largest: f32) -> Self {
        let written = rows.iter().all(|row| row.len() <= Self::WRITTEN);
        let cell = |&value: &f32| Cell {
            text: if written { format!("{value:.2}") } else { String::new() },
            share: if largest > 0.0 { value / largest } else { 0.0 },
        };
        let rows = rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        Self { caption: caption.into(), tint: Tint::Signed, rows }
    }

    /// So many numbers a row fit a narrow page.
    pub const WRITTEN: usize = 8;
}

fn address<S: Serializer>(png: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&png_uri(png))
}
