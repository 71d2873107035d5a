//! The feature maps that a desk shows of its network.

use std::sync::Arc;

use zoo_model::Classifier;

use super::{board::LayerMaps, desk::Desk, student::Student};

impl Desk {
    /// Whether other maps are wanted than those shown, or those of another step.
    pub fn wants_other_maps(&self, step: usize) -> bool {
        let wanted = self.board.wanted();
        let shown = self.board.shown();
        let maps = shown.maps.as_ref();
        maps.is_none_or(|maps| {
            (wanted.photos, step) != (maps.photo, maps.step)
                || wanted.layer.is_some_and(|layer| layer != maps.layer)
        })
    }

    /// Shows the maps of the layer that is wanted, of the photo that was chosen.
    pub fn show_maps<M: Classifier>(&self, student: &Student<M>) {
        let wanted = self.board.wanted();
        let Some(photo) = &wanted.photo else {
            return;
        };
        let record = student.record(photo);
        let with_places = record.layers.iter().filter(|layer| layer.shape.len() > 1);
        let found = wanted
            .layer
            .and_then(|name| record.layer(&name))
            .or_else(|| with_places.clone().next());
        let maps = found.and_then(|layer| Some((layer.name.clone(), layer.maps()?)));
        let mut shown = self.board.shown();
        shown.layers = with_places.map(|layer| layer.name.clone()).collect();
        shown.maps = maps.map(|(layer, maps)| {
            Arc::new(LayerMaps { layer, maps, photo: wanted.photos, step: student.at.step })
        });
    }
}
