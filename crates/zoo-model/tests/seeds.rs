//! Weights depend on the seed alone. The only test of its process: whatever else draws from the generator
//! would have to take its turn, too.

use std::thread::scope;

use serde_json::json;
use zoo_model::{ModelSettings, host};

#[test]
fn weights_depend_on_the_seed_alone_whoever_draws_beside() {
    let network: ModelSettings =
        serde_json::from_value(json!({"cnn": {"num_classes": 3, "channels": 3}})).unwrap();
    let hash = |seed| network.init(seed, &host()).weight_hash();
    let alone = [0, 1].map(hash);
    assert_ne!(alone[0], alone[1]);
    scope(|threads| {
        for turn in 0..8 {
            let (hash, alone) = (&hash, &alone);
            threads.spawn(move || {
                for round in 0..20 {
                    let seed = (turn + round) % 2;
                    assert_eq!(hash(seed as u64), alone[seed], "turn {turn}, round {round}");
                }
            });
        }
    });
}
