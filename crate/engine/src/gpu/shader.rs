//! The WGSL source of every kernel, put together from the files in `shaders/`.

use super::arithmetic::Arithmetic;
use super::product_shader;
use super::shader_parts::{ENABLE_F16, line, weights_source};
use super::tiles::Product;
use cliprobe_clip::tensors::ElementType;

/// One compute shader, with everything that its source depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kernel {
    /// Token and position embeddings, by the table's type.
    EmbedTokens(ElementType),
    /// Images to rows of patches.
    Patchify,
    /// Class token, patches and positions to rows of tokens.
    EmbedPatches,
    /// LayerNorm of rows.
    LayerNorm {
        /// Whether its sums are by subgroup operations.
        subgroups: bool,
    },
    /// Rows as the operand of products in f16.
    OperandF16 {
        /// Whether the largest of a row is found by subgroup operations.
        subgroups: bool,
    },
    /// Rows as the operand of products of 8-bit numbers.
    OperandInt8,
    /// `x · Wᵀ`.
    MatMul(Product),
    /// Attention, by the features of a head.
    Attention {
        /// Features of a head, a multiple of 4.
        head_dim: u32,
    },
    /// Attention of single queries, by subgroup operations.
    PooledAttention {
        /// Features of a head, a multiple of 4.
        head_dim: u32,
    },
    /// Some rows of a matrix.
    GatherRows,
    /// Arithmetic alone, for measuring.
    Peak,
}

/// Threads of a workgroup of [`Kernel::Peak`].
pub(super) const PEAK_THREADS: u32 = 256;
/// Sums of a thread.
const PEAK_SUMS: u32 = 16;
/// A product and a sum in each of four lanes.
pub(super) const PEAK_FLOP_PER_ROUND: u32 = PEAK_SUMS * 4 * 2;

/// Rows of queries that one workgroup of the attention kernel takes.
pub(super) const QUERIES: u32 = 32;

/// Threads of a workgroup that reduces values, a power of two; a head has at most four times as many
/// features.
const REDUCING_THREADS: u32 = 64;

/// What both kernels of attention are given.
const ATTENTION_BLOCKS: &str = include_str!("shaders/attention_blocks.wgsl");

/// Bytes of workgroup memory that every WebGPU device has.
const WORKGROUP_BYTES: u32 = 16384;

impl Kernel {
    /// Every kernel that a model with such heads can need.
    pub(super) fn all(head_dim: u32) -> Vec<Self> {
        let mut all = vec![
            Self::Patchify,
            Self::EmbedPatches,
            Self::LayerNorm { subgroups: false },
            Self::LayerNorm { subgroups: true },
            Self::Attention { head_dim },
            Self::PooledAttention { head_dim },
            Self::GatherRows,
            Self::OperandF16 { subgroups: false },
            Self::OperandF16 { subgroups: true },
            Self::OperandInt8,
            Self::Peak,
        ];
        for element in ElementType::GGUF {
            all.push(Self::EmbedTokens(element));
        }
        all.extend(Product::all().map(Self::MatMul));
        all
    }

    /// Attention of the pooled rows: a kernel of its own where there are subgroup operations.
    pub(super) fn pooled_attention(head_dim: u32, subgroups: bool) -> Self {
        match subgroups {
            true => Self::PooledAttention { head_dim },
            false => Self::Attention { head_dim },
        }
    }

    /// What brings rows to the form that products in an arithmetic take, where that is not plain f32.
    pub(super) fn operand(arithmetic: Arithmetic, subgroups: bool) -> Option<Self> {
        match arithmetic {
            Arithmetic::F32 => None,
            Arithmetic::F16 => Some(Self::OperandF16 { subgroups }),
            Arithmetic::Int8 => Some(Self::OperandInt8),
        }
    }

    /// A name for messages, labels and file names.
    pub(super) fn name(self) -> String {
        match self {
            Self::EmbedTokens(element) => format!("embed_tokens_{element}").to_lowercase(),
            Self::Patchify => "patchify".into(),
            Self::EmbedPatches => "embed_patches".into(),
            Self::LayerNorm { subgroups: false } => "layer_norm".into(),
            Self::LayerNorm { subgroups: true } => "layer_norm_subgroups".into(),
            Self::OperandF16 { subgroups: false } => "operand_f16".into(),
            Self::OperandF16 { subgroups: true } => "operand_f16_subgroups".into(),
            Self::OperandInt8 => "operand_int8".into(),
            Self::MatMul(Product {
                element,
                arithmetic,
                tile,
            }) => {
                let arithmetic = match arithmetic {
                    Arithmetic::F32 => String::new(),
                    narrow => format!("{narrow}_"),
                };
                format!("matmul_{arithmetic}{element}_{tile}")
                    .to_lowercase()
                    .replace('/', "_")
            }
            Self::Attention { head_dim } => format!("attention_{head_dim}"),
            Self::PooledAttention { head_dim } => format!("attention_pooled_{head_dim}"),
            Self::GatherRows => "gather_rows".into(),
            Self::Peak => "peak".into(),
        }
    }

    /// Buffers that are only read.
    pub(super) fn inputs(self) -> u32 {
        match self {
            Self::Patchify | Self::OperandF16 { .. } | Self::OperandInt8 | Self::Peak => 1,
            Self::GatherRows => 2,
            _ => 3,
        }
    }

    /// The whole WGSL source.
    pub(super) fn source(self) -> String {
        match self {
            Self::EmbedTokens(element) => format!(
                "{}\n{}",
                weights_source(element),
                include_str!("shaders/embed_tokens.wgsl")
            ),
            Self::Patchify => include_str!("shaders/patchify.wgsl").into(),
            Self::EmbedPatches => include_str!("shaders/embed_patches.wgsl").into(),
            Self::LayerNorm { subgroups } => {
                with_reductions(include_str!("shaders/layer_norm.wgsl"), subgroups)
            }
            Self::OperandF16 { subgroups } => format!(
                "{ENABLE_F16}{}",
                with_reductions(include_str!("shaders/operand_f16.wgsl"), subgroups)
            ),
            Self::OperandInt8 => include_str!("shaders/operand_int8.wgsl").into(),
            Self::MatMul(product) => product_shader::source(product),
            Self::Attention { head_dim } => attention_source(head_dim),
            Self::PooledAttention { head_dim } => with_reductions(
                &format!(
                    "const HEAD_DIM4 = {}u;\n\n{ATTENTION_BLOCKS}\n{}",
                    head_dim / 4,
                    include_str!("shaders/attention_pooled.wgsl")
                ),
                true,
            ),
            Self::GatherRows => include_str!("shaders/gather_rows.wgsl").into(),
            Self::Peak => peak_source(),
        }
    }
}

/// A kernel that reduces values over its workgroup, with the functions that do.
fn with_reductions(body: &str, subgroups: bool) -> String {
    // Browsers ask for the directive; natively naga knows the functions and not the directive.
    let enable = match subgroups && cfg!(target_arch = "wasm32") {
        true => "enable subgroups;\n",
        false => "",
    };
    let reductions = match subgroups {
        true => include_str!("shaders/reduce_subgroups.wgsl"),
        false => include_str!("shaders/reduce_plain.wgsl"),
    };
    format!("{enable}const THREADS = {REDUCING_THREADS}u;\n\n{reductions}\n{body}")
}

fn peak_source() -> String {
    let (mut declare, mut accumulate) = (String::new(), String::new());
    for i in 0..PEAK_SUMS {
        line(
            &mut declare,
            1,
            format_args!("var s{i} = start + {}.0;", i + 1),
        );
        line(&mut accumulate, 2, format_args!("s{i} = fma(s{i}, a, b);"));
    }
    let sums: Vec<String> = (0..PEAK_SUMS).map(|i| format!("s{i}")).collect();
    let body = include_str!("shaders/peak.wgsl")
        .replace("    //{declare}\n", &declare)
        .replace("        //{accumulate}\n", &accumulate)
        .replace("//{sum}", &sums.join(" + "));
    format!("const THREADS = {PEAK_THREADS}u;\n\n{body}")
}

fn attention_source(head_dim: u32) -> String {
    // Keys and values of the tile share what workgroup memory every device has.
    let keys = (WORKGROUP_BYTES / (2 * 4 * head_dim)).clamp(1, 32);
    format!(
        "const HEAD_DIM4 = {}u;\nconst QUERIES = {QUERIES}u;\nconst KEYS = {keys}u;\nconst TILE = {}u;\n\n{ATTENTION_BLOCKS}\n{}",
        head_dim / 4,
        keys * head_dim / 4,
        include_str!("shaders/attention.wgsl")
    )
}
