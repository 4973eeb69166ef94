//! The benchmarks by name: which files they are made of, how to read them and where to get them.

use super::{
    read_hard_positives, read_hierarcaps, read_order, read_retrieval_json, read_sugarcrepe,
    read_svo, read_vg_attribution, read_vg_relation, read_winoground,
};
use crate::{ProbeError, ProbeSet};

/// A benchmark of one or several sets that its authors report together.
pub struct Benchmark {
    /// What to call it on the command line and in results.
    pub name: &'static str,
    /// Its name in print, with its paper.
    pub title: &'static str,
    /// How to get its lists and images.
    pub obtain: &'static str,
    /// Its sets.
    pub sources: &'static [Source],
}

/// Where one set's questions stand.
pub struct Source {
    /// The set's name, e.g. `sugarcrepe/swap_obj`.
    pub set: &'static str,
    /// The files that are needed together. Each may be known under several names; a name with
    /// folders must agree in them.
    pub files: &'static [&'static [&'static str]],
    /// Reads the contents of `files`, in their order.
    pub read: fn(&[String]) -> Result<ProbeSet, ProbeError>,
}

impl Source {
    /// Finds the set's files among relative paths with `/` between their parts: an index for each
    /// file, or the name of what is missing. The shallowest of several is taken.
    ///
    /// # Errors
    /// The first name of the first file that is missing.
    pub fn find(&self, paths: &[String]) -> Result<Vec<usize>, &'static str> {
        self.files
            .iter()
            .map(|names| {
                names
                    .iter()
                    .find_map(|name| {
                        let matching = paths.iter().enumerate().filter(|(_, path)| {
                            path.strip_suffix(name)
                                .is_some_and(|before| before.is_empty() || before.ends_with('/'))
                        });
                        matching
                            .min_by_key(|(_, path)| (path.matches('/').count(), *path))
                            .map(|(index, _)| index)
                    })
                    .ok_or(names[0])
            })
            .collect()
    }
}

macro_rules! sugarcrepe {
    ($($subset:literal)*) => {
        &[$(Source {
            set: concat!("sugarcrepe/", $subset),
            files: &[&[
                concat!("sugar_crepe/", $subset, ".json"),
                concat!("sugar-crepe/data/", $subset, ".json"),
                concat!($subset, ".json"),
            ]],
            read: |files| read_sugarcrepe($subset, &files[0]),
        }),*]
    };
}

/// Every benchmark that is read from its authors' files. Tableau ([`super::tableau`]), folders of
/// classes ([`super::classification`]) and probe files ([`crate::read_json`]) come without such files.
pub const BENCHMARKS: &[Benchmark] = &[
    Benchmark {
        name: "sugarcrepe",
        title: "SugarCrepe (Hsieh et al. 2023)",
        obtain: "lists: github.com/RAIVNLab/sugar-crepe, folder data (MIT); images: COCO val2017 (cocodataset.org), or the same numbers of val2014",
        sources: sugarcrepe!("replace_obj" "replace_att" "replace_rel" "swap_obj" "swap_att" "add_obj" "add_att"),
    },
    Benchmark {
        name: "aro",
        title: "ARO (Yuksekgonul et al. 2023)",
        obtain: "lists and images of VG-Relation and VG-Attribution: the Google Drive links in github.com/mertyg/vision-language-models-are-bows (visual_genome_relation.json, visual_genome_attribution.json, vgr_vga_images.zip); Order sets: `cliprobe caption order` makes frozen ones from coco_karpathy_test.json and flickr30k_test.json; images: COCO val2014, Flickr30k",
        sources: &[
            Source {
                set: "aro/vg-relation",
                files: &[&["visual_genome_relation.json"]],
                read: |files| read_vg_relation(&files[0]),
            },
            Source {
                set: "aro/vg-attribution",
                files: &[&[
                    "aro/visual_genome_attribution.json",
                    "visual_genome_attribution.json",
                ]],
                read: |files| read_vg_attribution(&files[0]),
            },
            Source {
                set: "aro/coco-order",
                files: &[&["coco_order.json"]],
                read: |files| read_order("coco-order", &files[0]),
            },
            Source {
                set: "aro/flickr30k-order",
                files: &[&["flickr30k_order.json"]],
                read: |files| read_order("flickr30k-order", &files[0]),
            },
        ],
    },
    Benchmark {
        name: "svo",
        title: "SVO-Probes (Hendricks & Nematzadeh 2021)",
        obtain: "list: svo_probes.csv of github.com/google-deepmind/svo_probes; images: the addresses in its image_urls.txt, saved as <image id>.jpg; many are gone, which the coverage will show",
        sources: &[Source {
            set: "svo",
            files: &[&["svo_probes.csv"]],
            read: |files| read_svo(&files[0]),
        }],
    },
    Benchmark {
        name: "winoground",
        title: "Winoground (Thrush et al. 2022)",
        obtain: "huggingface.co/datasets/facebook/winoground, after accepting its terms: data/examples.jsonl and data/images.zip",
        sources: &[Source {
            set: "winoground",
            files: &[&[
                "winoground/examples.jsonl",
                "examples.jsonl",
                "winoground.json",
            ]],
            read: |files| read_winoground(&files[0]),
        }],
    },
    Benchmark {
        name: "hard-positives",
        title: "Hard Positives (Kamath et al. 2024)",
        obtain: "lists: folders data and swapped_data of github.com/amitakamath/hard_positives; images: Visual Genome (REPLACE: VG_100K and VG_100K_2; SWAP: ARO's vgr_vga_images.zip)",
        sources: &[
            Source {
                set: "hard-positives/replace-attributes",
                files: &[
                    &["data/vl_checklist_attributes.json"],
                    &["swapped_data/vl_checklist_attributes.json"],
                ],
                read: |files| read_hard_positives("replace-attributes", &files[0], &files[1]),
            },
            Source {
                set: "hard-positives/replace-relations",
                files: &[
                    &["data/vl_checklist_relations.json"],
                    &["swapped_data/vl_checklist_relations.json"],
                ],
                read: |files| read_hard_positives("replace-relations", &files[0], &files[1]),
            },
            Source {
                set: "hard-positives/swap",
                files: &[
                    &["data/visual_genome_attribution.json"],
                    &["swapped_data/visual_genome_attribution.json"],
                ],
                read: |files| read_hard_positives("swap", &files[0], &files[1]),
            },
        ],
    },
    Benchmark {
        name: "hierarcaps",
        title: "HierarCaps (Alper & Averbuch-Elor 2024)",
        obtain: "list and images: github.com/TAU-VAILab/hierarcaps, hierarcaps_test.csv and assets/test_imgs (256 × 256, letterboxed)",
        sources: &[Source {
            set: "hierarcaps",
            files: &[&["hierarcaps_test.csv"]],
            read: |files| read_hierarcaps(&files[0]),
        }],
    },
    Benchmark {
        name: "retrieval",
        title: "Retrieval, COCO and Flickr30k (Karpathy's test splits)",
        obtain: "lists: Karpathy's dataset_coco.json and dataset_flickr30k.json, or one split's coco_karpathy_test.json and flickr30k_test.json; images: COCO val2014, Flickr30k (on request from its authors)",
        sources: &[
            Source {
                set: "retrieval/coco",
                files: &[&["coco_karpathy_test.json", "dataset_coco.json"]],
                read: |files| read_retrieval_json("retrieval/coco", &files[0], "test"),
            },
            Source {
                set: "retrieval/flickr30k",
                files: &[&["flickr30k_test.json", "dataset_flickr30k.json"]],
                read: |files| read_retrieval_json("retrieval/flickr30k", &files[0], "test"),
            },
        ],
    },
];
