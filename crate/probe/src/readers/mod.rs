//! One reader for each benchmark's own files. Readers take the contents of files and never open any.

mod aro;
mod benchmark;
mod captioned;
mod class_folders;
mod crepe;
mod folders;
mod hard_positives;
mod hierarcaps;
mod list_literal;
mod mmvp;
mod negbench;
mod spec;
mod squares;
mod sugarcrepe;
mod sugarcrepe_pp;
mod svo;
mod table;
mod tableau;
mod valse;
mod vl_checklist;
mod whatsup;

pub use aro::{read_order, read_vg_attribution, read_vg_relation};
pub use benchmark::{BENCHMARKS, Benchmark, Source};
pub use captioned::{TableOptions, read_retrieval_csv, read_retrieval_json, read_retrieval_table};
pub use class_folders::{
    CLIP_TEMPLATES_7, CLIP_TEMPLATES_80, LabelledImage, Prompts, classification,
    imagenet_class_names, read_prompts, read_text_list,
};
pub use crepe::{read_crepe_productivity, read_crepe_systematicity};
pub use folders::{class_folders, find_class_folders, find_webdatasets, read_webdataset};
pub use hard_positives::read_hard_positives;
pub use hierarcaps::read_hierarcaps;
pub use mmvp::read_mmvp;
pub use negbench::{read_negbench_choice, read_negbench_retrieval};
pub use spec::{read_spec_captions, read_spec_images};
pub use squares::{SquareColumns, SquareGroup, read_squares, read_winoground};
pub use sugarcrepe::read_sugarcrepe;
pub use sugarcrepe_pp::{read_sugarcrepe_pp, read_sugarcrepe_pp_text};
pub use svo::read_svo;
pub use tableau::{tableau, tableau_name, tableau_sets};
pub use valse::read_valse;
pub use vl_checklist::read_vl_checklist;
pub use whatsup::{read_whatsup, read_whatsup_pairs};
