//! Files on disk that the command and the trainer both use: tar archives, folders of images, tables,
//! lists as Python prints them, files that appear whole or not at all, and a model as a directory that
//! transformers and OpenCLIP load.
//!
//! It knows checkpoints and how benchmarks name images. It must never know a command line, a
//! terminal or a training run.

pub mod archive;
pub mod folder;
pub mod image_files;
pub mod model_directory;
pub mod python_list;
pub mod table;
pub mod write;
