//! The types that a checkpoint's matrices have, and which kernels they ask for.

use super::GpuError;
use super::arithmetic::Arithmetic;
use super::device::Gpu;
use super::shader::Kernel;
use super::tiles::Tiles;
use cliprobe_clip::Checkpoint;
use cliprobe_clip::config::ClipConfig;
use cliprobe_clip::names::tensor_specs;
use cliprobe_clip::tensors::ElementType;

/// The types that a checkpoint's matrices have.
pub(super) struct WeightTypes {
    table: ElementType,
    /// Of all other matrices, in no order.
    products: Vec<ElementType>,
    /// The one that most weights of the products have.
    most: ElementType,
}

impl WeightTypes {
    pub(super) fn of(checkpoint: &Checkpoint) -> Self {
        let mut table = ElementType::F32;
        let mut products: Vec<(ElementType, usize)> = Vec::new();
        for spec in tensor_specs(&checkpoint.config) {
            if spec.shape.len() < 2 || spec.name.contains("position_embedding") {
                continue;
            }
            let element = checkpoint.read_type(&spec.name, &spec.shape);
            if spec.name.contains("token_embedding") {
                table = element;
                continue;
            }
            let weights: usize = spec.shape.iter().product();
            match products.iter_mut().find(|(held, _)| *held == element) {
                Some((_, all)) => *all += weights,
                None => products.push((element, weights)),
            }
        }
        let most = products.iter().max_by_key(|(_, weights)| *weights);
        Self {
            table,
            most: most.map_or(ElementType::F32, |(element, _)| *element),
            products: products.into_iter().map(|(element, _)| element).collect(),
        }
    }

    /// The type whose products tiles are chosen for: the one that most weights have among those that
    /// the arithmetic can take.
    ///
    /// # Errors
    /// A model without any of those.
    pub(super) fn tuned(&self, arithmetic: Arithmetic) -> Result<ElementType, GpuError> {
        if arithmetic != Arithmetic::Int8 {
            return Ok(self.most);
        }
        let q8_0 = (self.products.iter().copied()).find(|element| *element == ElementType::Q8_0);
        q8_0.ok_or_else(|| GpuError::Arithmetic {
            arithmetic,
            why: "the model has no Q8_0 weights (cliprobe quantize --type Q8_0 makes them)".into(),
        })
    }

    /// Every kernel that the model needs on a device with such tiles.
    pub(super) fn kernels(
        &self,
        gpu: &Gpu,
        config: &ClipConfig,
        tiles: Tiles,
    ) -> impl Iterator<Item = Kernel> {
        let subgroups = gpu.info().subgroups;
        let heads = [&config.text.transformer, &config.vision.transformer]
            .map(|t| (t.width / t.heads) as u32);
        let others = [
            Kernel::EmbedTokens(self.table),
            Kernel::Patchify,
            Kernel::EmbedPatches,
            Kernel::LayerNorm { subgroups },
            Kernel::GatherRows,
        ]
        .into_iter()
        .chain(heads.map(|head_dim| Kernel::Attention { head_dim }))
        .chain(heads.map(|head_dim| Kernel::pooled_attention(head_dim, subgroups)));
        let products = self
            .products
            .iter()
            .flat_map(move |&element| tiles.products(element).map(Kernel::MatMul));
        let operand = Kernel::operand(tiles.arithmetic(), subgroups);
        products.chain(others).chain(operand)
    }
}
