//! A graph as it grows: constants, nodes, and names that are there once.

use std::collections::BTreeMap;

use super::proto::{self, DataType, Dimension};

/// A graph under construction.
#[derive(Default)]
pub struct Graph {
    graph: proto::Graph,
    /// How often each name was asked for.
    names: BTreeMap<String, usize>,
}

/// One extent of an input or output.
#[derive(Clone, Copy)]
pub enum Extent {
    /// So many.
    Fixed(usize),
    /// Any number, by its name.
    Free(&'static str),
}

impl Graph {
    /// Adds an operation with one output, under the path of the layer that it belongs to, and gives
    /// its output's name.
    pub fn node(
        &mut self,
        op: &str,
        path: &str,
        inputs: &[&str],
        attributes: Vec<proto::Attribute>,
    ) -> String {
        self.nodes(op, path, inputs, attributes, 1).swap_remove(0)
    }

    /// The same for an operation without attributes.
    pub fn op(&mut self, op: &str, path: &str, inputs: &[&str]) -> String {
        self.node(op, path, inputs, Vec::new())
    }

    /// The same with several outputs.
    pub fn nodes(
        &mut self,
        op: &str,
        path: &str,
        inputs: &[&str],
        attributes: Vec<proto::Attribute>,
        outputs: usize,
    ) -> Vec<String> {
        let name = self.unique(&format!("{path}/{op}"));
        let output: Vec<String> = match outputs {
            1 => vec![name.clone()],
            _ => (0..outputs).map(|index| format!("{name}:{index}")).collect(),
        };
        self.graph.node.push(proto::Node {
            input: inputs.iter().map(ToString::to_string).collect(),
            output: output.clone(),
            name,
            op_type: op.to_string(),
            attribute: attributes,
        });
        output
    }

    /// Adds a constant of f32.
    pub fn floats(&mut self, name: &str, dims: &[usize], values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name, dims, DataType::Float, bytes)
    }

    /// Adds a list of integers.
    pub fn integers(&mut self, name: &str, values: &[i64]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name, &[values.len()], DataType::Int64, bytes)
    }

    /// A single f32, which is there once whoever asks for it.
    pub fn number(&mut self, value: f32) -> String {
        let name = format!("number/{value}");
        match self.names.contains_key(&name) {
            true => name,
            false => self.floats(&name, &[], &[value]),
        }
    }

    /// A single integer, which is there once whoever asks for it.
    pub fn integer(&mut self, value: i64) -> String {
        let name = format!("integer/{value}");
        match self.names.contains_key(&name) {
            true => name,
            false => self.constant(&name, &[], DataType::Int64, value.to_le_bytes().to_vec()),
        }
    }

    /// Adds a constant, its bytes little-endian.
    pub fn constant(
        &mut self,
        name: &str,
        dims: &[usize],
        data_type: DataType,
        bytes: Vec<u8>,
    ) -> String {
        let name = self.unique(name);
        self.graph.initializer.push(proto::Tensor {
            dims: dims.iter().map(|&extent| extent as i64).collect(),
            data_type: data_type as i32,
            name: name.clone(),
            raw_data: Some(bytes),
            ..Default::default()
        });
        name
    }

    /// Adds an input. `denotations` say what its extents stand for; none, or one for each.
    pub fn input(
        &mut self,
        name: &str,
        data_type: DataType,
        extents: &[Extent],
        denotations: &[&str],
        doc: &str,
    ) {
        let name = self.unique(name);
        let mut info = value_info(&name, data_type, extents, doc);
        if let Some(kind) = &mut info.kind
            && !denotations.is_empty()
        {
            kind.denotation = String::from("IMAGE");
            let dims = kind.tensor_type.iter_mut().flat_map(|tensor| &mut tensor.shape);
            for (dim, denotation) in dims.flat_map(|shape| &mut shape.dim).zip(denotations) {
                dim.denotation = denotation.to_string();
            }
        }
        self.graph.input.push(info);
    }

    /// Makes `value` an output, and calls it `name`.
    pub fn output(&mut self, value: &str, name: &str, extents: &[Extent], doc: &str) {
        let name = self.unique(name);
        for node in &mut self.graph.node {
            let ends = node.input.iter_mut().chain(&mut node.output);
            ends.filter(|end| *end == value).for_each(|end| end.clone_from(&name));
        }
        self.graph.output.push(value_info(&name, DataType::Float, extents, doc));
    }

    /// The graph, called `name`.
    pub fn finish(mut self, name: &str) -> proto::Graph {
        self.graph.name = name.to_string();
        self.graph
    }

    fn unique(&mut self, name: &str) -> String {
        let times = self.names.entry(name.to_string()).or_default();
        *times += 1;
        match *times {
            1 => name.to_string(),
            times => format!("{name}#{times}"),
        }
    }
}

fn value_info(name: &str, data_type: DataType, extents: &[Extent], doc: &str) -> proto::ValueInfo {
    let dim = |extent: &Extent| match *extent {
        Extent::Fixed(extent) => Dimension { dim_value: Some(extent as i64), ..Default::default() },
        Extent::Free(name) => Dimension { dim_param: Some(name.to_string()), ..Default::default() },
    };
    let shape = proto::Shape { dim: extents.iter().map(dim).collect() };
    let tensor = proto::TensorType { elem_type: data_type as i32, shape: Some(shape) };
    proto::ValueInfo {
        name: name.to_string(),
        kind: Some(proto::Type { tensor_type: Some(tensor), ..Default::default() }),
        doc_string: doc.to_string(),
    }
}

/// An attribute that is one integer.
pub fn int(name: &str, value: i64) -> proto::Attribute {
    proto::Attribute { name: name.to_string(), i: Some(value), kind: 2, ..Default::default() }
}

/// An attribute that is a list of integers.
pub fn ints(name: &str, values: &[i64]) -> proto::Attribute {
    proto::Attribute {
        name: name.to_string(),
        ints: values.to_vec(),
        kind: 7,
        ..Default::default()
    }
}

/// An attribute that is a number.
pub fn float(name: &str, value: f64) -> proto::Attribute {
    proto::Attribute {
        name: name.to_string(),
        f: Some(value as f32),
        kind: 1,
        ..Default::default()
    }
}

/// An attribute that says into which type to cast.
pub fn to(data_type: DataType) -> proto::Attribute {
    int("to", data_type as i64)
}
