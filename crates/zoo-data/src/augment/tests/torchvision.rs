//! What operations make of an image, against what torchvision makes of it:
//! `scripts/augment_fixtures.py` wrote the figures.

use serde_json::Value;

use super::*;
use crate::{
    augment::{
        operation::{
            Affine, AutoContrast, Brightness, Contrast, Equalize, Erase, Fill, GaussianBlur,
            Grayscale, HorizontalFlip, Hue, Interpolation, Invert, Operation, PaddedCrop,
            Perspective, Posterize, ResizedCrop, Sampling, Saturation, Sharpness, Solarize,
            VerticalFlip,
        },
        policy::space::{CHOICES, Choice, Space},
    },
    preprocess::Area,
};

fn original() -> Image {
    Image::decode("original.png", include_bytes!("../fixtures/original.png")).unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Reads the parameters of a case.
struct Case<'a>(&'a Value);

impl Case<'_> {
    fn number(&self, key: &str) -> f64 {
        self.0[key].as_f64().unwrap()
    }

    fn factor(&self) -> f32 {
        self.number("factor") as f32
    }

    fn whole(&self, key: &str) -> usize {
        self.number(key) as usize
    }

    fn read<T: serde::de::DeserializeOwned>(&self, key: &str) -> T {
        serde_json::from_value(self.0[key].clone()).unwrap()
    }

    fn sampling(&self) -> Sampling {
        let interpolation: Interpolation = self.read("interpolation");
        Sampling { interpolation, colour: self.read("colour") }
    }

    fn area(&self) -> Area {
        let [left, top, width, height] =
            ["left", "top", "width", "height"].map(|key| self.whole(key));
        Area { left, top, width, height }
    }

    fn affine(&self) -> Affine {
        Affine {
            rotate: self.number("rotate"),
            translate: self.read("translate"),
            scale: self.number("scale"),
            shear: self.read("shear"),
            centre: self.read("centre"),
            sampling: self.sampling(),
        }
    }

    fn padded_crop(&self) -> PaddedCrop {
        let fill: Fill = self.read("fill");
        let [padding, left, top] = ["padding", "left", "top"].map(|key| self.whole(key));
        PaddedCrop { padding, fill, left, top }
    }

    fn erase(&self) -> Erase {
        let Area { left, top, width, height } = self.area();
        let colour: Vec<u8> = self.read("colour");
        Erase { left, top, patch: Image::filled(width, height, &colour) }
    }

    fn policy(&self) -> Option<Box<dyn Operation>> {
        let name: String = self.read("choice");
        let is_named = |choice: &Choice| format!("{choice:?}") == name;
        let choice = CHOICES.into_iter().find(is_named).unwrap();
        let space = match self.0["space"].as_str() {
            Some("narrow") => Space::narrow(original().width(), original().height()),
            _ => Space::wide(),
        };
        let sampling = Sampling { interpolation: Interpolation::Bilinear, colour: vec![0; 3] };
        space.operation(choice, self.number("strength"), &sampling)
    }

    /// `None`: nothing is done.
    fn operation(&self) -> Option<Box<dyn Operation>> {
        Some(match self.0["name"].as_str().unwrap() {
            "horizontal-flip" => Box::new(HorizontalFlip),
            "vertical-flip" => Box::new(VerticalFlip),
            "padded-crop" => Box::new(self.padded_crop()),
            "resized-crop" => Box::new(ResizedCrop { area: self.area(), size: self.whole("side") }),
            "affine" => Box::new(self.affine()),
            "perspective" => {
                Box::new(Perspective { corners: self.read("corners"), sampling: self.sampling() })
            }
            "brightness" => Box::new(Brightness { factor: self.factor() }),
            "contrast" => Box::new(Contrast { factor: self.factor() }),
            "saturation" => Box::new(Saturation { factor: self.factor() }),
            "sharpness" => Box::new(Sharpness { factor: self.factor() }),
            "hue" => Box::new(Hue { shift: self.number("shift") as f32 }),
            "grayscale" => Box::new(Grayscale),
            "gaussian-blur" => Box::new(GaussianBlur {
                kernel_size: self.whole("kernel_size"),
                sigma: self.number("sigma"),
            }),
            "posterize" => Box::new(Posterize { bits: self.read("bits") }),
            "solarize" => Box::new(Solarize { threshold: self.number("threshold") }),
            "invert" => Box::new(Invert),
            "equalize" => Box::new(Equalize),
            "auto-contrast" => Box::new(AutoContrast),
            "erase" => Box::new(self.erase()),
            "policy" => return self.policy(),
            other => panic!("{other}"),
        })
    }
}

/// Mean and greatest difference of two images' bytes.
fn differences(image: &Image, expected: &Image) -> (f64, u8) {
    let pairs = image.pixels().iter().zip(expected.pixels());
    let differences: Vec<u8> = pairs.map(|(&a, &b)| a.abs_diff(b)).collect();
    let sum: f64 = differences.iter().map(|&difference| f64::from(difference)).sum();
    (sum / differences.len() as f64, differences.into_iter().max().unwrap_or(0))
}

#[test]
fn operations_do_what_torchvision_does() {
    let cases = json(include_str!("../fixtures/cases.json"));
    let expected =
        Image::decode("expected.png", include_bytes!("../fixtures/expected.png")).unwrap();
    let mut failures = Vec::new();
    let mut top = 0;
    for case in cases.as_array().unwrap() {
        let [width, height]: [usize; 2] = Case(case).read("size");
        let mut expected_form = Image::filled(width, height, &[0, 0, 0]);
        for row in 0..height {
            expected_form.row_mut(row).copy_from_slice(&expected.row(top + row)[..3 * width]);
        }
        top += height;
        let image = match Case(case).operation() {
            Some(operation) => operation.apply(original()),
            None => original(),
        };
        assert_eq!((image.width(), image.height()), (width, height), "{case}");
        let (mean, most) = differences(&image, &expected_form);
        if mean > 0.6 || most > 1 {
            failures.push(format!("mean {mean:.3}, most {most}: {case}"));
        }
    }
    assert_eq!(top, expected.height());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn policies_are_torchvisions() {
    let policies = json(include_str!("../fixtures/policies.json"));
    for (name, policy) in
        [("imagenet", AutoAugmentPolicy::Imagenet), ("cifar10", AutoAugmentPolicy::Cifar10)]
    {
        let pairs: Vec<Value> = policy
            .pairs()
            .iter()
            .map(|pair| {
                pair.map(|(choice, probability, strength)| {
                    serde_json::json!([format!("{choice:?}"), probability, strength])
                })
                .to_vec()
                .into()
            })
            .collect();
        assert_eq!(policies[name], Value::from(pairs), "{name}");
    }
}
