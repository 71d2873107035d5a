//! The sizes of a convolution and where its elements lie.

use crate::flex::tile::Segment;

/// Stride, padding and groups of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConvShape {
    /// Rows and columns from one window to the next.
    pub(crate) stride: [usize; 2],
    /// Zeros put before and after the rows, then the columns, of an image.
    pub(crate) padding: [(usize, usize); 2],
    /// Independent parts into which the channels are cut.
    pub(crate) groups: usize,
}

/// All sizes of one convolution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Geometry {
    pub(crate) batch: usize,
    pub(crate) channels: usize,
    pub(crate) input: [usize; 2],
    pub(crate) features: usize,
    pub(crate) kernel: [usize; 2],
    pub(crate) output: [usize; 2],
    pub(crate) shape: ConvShape,
}

impl Geometry {
    /// Of images `[batch, channels, height, width]` and weights `[features, channels / groups,
    /// rows, columns]`.
    ///
    /// # Panics
    /// If the channels do not fit the groups or the kernel does not fit the padded image.
    pub(crate) fn new(
        [batch, channels, height, width]: [usize; 4],
        [features, group_channels, rows, columns]: [usize; 4],
        shape: ConvShape,
    ) -> Self {
        assert_eq!(
            group_channels * shape.groups,
            channels,
            "the weights want {} channels, the images have {channels}",
            group_channels * shape.groups
        );
        assert_eq!(
            features % shape.groups,
            0,
            "{features} features do not go into {} groups",
            shape.groups
        );
        let side = |size: usize, kernel: usize, (before, after): (usize, usize), stride: usize| {
            let padded = size + before + after;
            assert!(kernel <= padded, "a kernel of {kernel} does not fit {padded} pixels");
            (padded - kernel) / stride + 1
        };
        let [vertical, horizontal] = shape.padding;
        Self {
            batch,
            channels,
            input: [height, width],
            features,
            kernel: [rows, columns],
            output: [
                side(height, rows, vertical, shape.stride[0]),
                side(width, columns, horizontal, shape.stride[1]),
            ],
            shape,
        }
    }

    /// Channels that one feature sees.
    pub(crate) fn group_channels(&self) -> usize {
        self.channels / self.shape.groups
    }

    /// Features that one group makes.
    pub(crate) fn group_features(&self) -> usize {
        self.features / self.shape.groups
    }

    /// Elements of a kernel: terms of each sum in the forward pass.
    pub(crate) fn depth(&self) -> usize {
        self.kernel[0] * self.kernel[1] * self.group_channels()
    }

    /// Whether each pixel of the output is made of the one at its place.
    pub(crate) fn is_linear(&self) -> bool {
        let ConvShape { stride, padding, groups } = self.shape;
        self.kernel == [1, 1] && stride == [1, 1] && padding == [(0, 0); 2] && groups == 1
    }

    /// Elements of an image of the input.
    pub(crate) fn image(&self) -> usize {
        self.channels * self.input[0] * self.input[1]
    }

    /// Pixels across the padded image.
    pub(crate) fn padded_width(&self) -> usize {
        self.input[1] + self.shape.padding[1].0 + self.shape.padding[1].1
    }

    /// Rows of the padded image that `rows` rows of the output see.
    pub(crate) fn padded_rows(&self, rows: usize) -> usize {
        (rows - 1) * self.shape.stride[0] + self.kernel[0]
    }

    /// Where the window of one output pixel starts in a padded channels-last image.
    pub(crate) fn window(&self, row: usize, column: usize) -> usize {
        let [down, across] = self.shape.stride;
        (row * down * self.padded_width() + column * across) * self.channels
    }

    /// What a window reads of a padded channels-last image, in the order (row, column, channel).
    pub(crate) fn window_segments(&self, group: usize) -> Vec<Segment> {
        let [rows, columns] = self.kernel;
        let line = self.padded_width() * self.channels;
        if self.shape.groups == 1 {
            let length = columns * self.channels;
            return (0..rows).map(|row| Segment { offset: row * line, length }).collect();
        }
        let length = self.group_channels();
        let mut segments = Vec::with_capacity(rows * columns);
        for row in 0..rows {
            for column in 0..columns {
                let offset = row * line + column * self.channels + group * length;
                segments.push(Segment { offset, length });
            }
        }
        segments
    }
}
