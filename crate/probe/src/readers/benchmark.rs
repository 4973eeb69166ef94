//! The benchmarks by name: which files they are made of, how to read them and where to get them.

use super::{
    read_crepe_productivity, read_crepe_systematicity, read_hard_positives, read_hierarcaps,
    read_mmvp, read_negbench_choice, read_negbench_retrieval, read_order, read_retrieval_json,
    read_spec_captions, read_spec_images, read_squares, read_sugarcrepe, read_sugarcrepe_pp,
    read_sugarcrepe_pp_text, read_svo, read_valse, read_vg_attribution, read_vg_relation,
    read_vl_checklist, read_whatsup, read_whatsup_pairs, read_winoground,
};
use crate::{ProbeError, ProbeSet, Warning};

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
    /// file, or the name of what is missing. The shallowest of several is taken. A name without a
    /// folder does not mean a file that another benchmark names with its folder.
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
                            is_called(path, name)
                                && (name.contains('/') || !self.is_of_another(path))
                        });
                        matching
                            .min_by_key(|(_, path)| (path.matches('/').count(), *path))
                            .map(|(index, _)| index)
                    })
                    .ok_or(names[0])
            })
            .collect()
    }

    fn is_of_another(&self, path: &str) -> bool {
        let sources = BENCHMARKS.iter().flat_map(|benchmark| benchmark.sources);
        let others = sources.filter(|source| source.set != self.set);
        let mut names = others.flat_map(|source| source.files).copied().flatten();
        names.any(|name| name.contains('/') && is_called(path, name))
    }
}

/// Whether a path ends with a name: with its folders, where the name has any.
fn is_called(path: &str, name: &str) -> bool {
    path.strip_suffix(name)
        .is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

/// Warns if a list has another number of items than the authors': it is another release, or a part,
/// and published numbers are not of it.
fn of_size(set: Result<ProbeSet, ProbeError>, expected: usize) -> Result<ProbeSet, ProbeError> {
    let mut set = set?;
    let found = set.probes.len();
    if found != expected {
        set.warnings.push(Warning {
            item: "the list".to_owned(),
            what: format!(
                "has {found} items, where the list that published numbers are of has {expected}"
            ),
        });
    }
    Ok(set)
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

macro_rules! sugarcrepe_pp {
    ($($subset:literal $items:literal),*) => {
        &[
            $(Source {
                set: concat!("sugarcrepe++/", $subset),
                files: &[sugarcrepe_pp!(@files $subset)],
                read: |files| of_size(read_sugarcrepe_pp($subset, &files[0]), $items),
            },)*
            $(Source {
                set: concat!("sugarcrepe++/", $subset, "/text-only"),
                files: &[sugarcrepe_pp!(@files $subset)],
                read: |files| of_size(read_sugarcrepe_pp_text($subset, &files[0]), $items),
            }),*
        ]
    };
    (@files $subset:literal) => {
        &[
            concat!("scpp/data/", $subset, ".json"),
            concat!("sugarcrepe++/", $subset, ".json"),
            concat!("sugarcrepe_pp/", $subset, ".json"),
        ]
    };
}

macro_rules! valse {
    ($($piece:literal $items:literal),*) => {
        &[$(Source {
            set: concat!("valse/", $piece),
            files: &[&[
                concat!("VALSE/data/", $piece, ".json"),
                concat!("valse/", $piece, ".json"),
            ]],
            read: |files| of_size(read_valse($piece, &files[0]), $items),
        }),*]
    };
}

macro_rules! spec {
    ($($subset:literal $items:literal),*) => {
        &[
            $(Source {
                set: concat!("spec/", $subset, "/image-to-text"),
                files: &[&[concat!($subset, "/image2text.json")]],
                read: |files| of_size(read_spec_captions($subset, &files[0]), $items),
            },)*
            $(Source {
                set: concat!("spec/", $subset, "/text-to-image"),
                files: &[&[concat!($subset, "/text2image.json")]],
                read: |files| of_size(read_spec_images($subset, &files[0]), $items),
            }),*
        ]
    };
}

macro_rules! crepe {
    (productivity: $($negatives:literal $items:literal),*; systematicity: $($data:literal $split:literal)*) => {
        &[
            $(Source {
                set: concat!("crepe/productivity/", $negatives),
                files: &[
                    crepe!(@file $negatives "4"), crepe!(@file $negatives "5"), crepe!(@file $negatives "6"),
                    crepe!(@file $negatives "7"), crepe!(@file $negatives "8"), crepe!(@file $negatives "9"),
                    crepe!(@file $negatives "10"), crepe!(@file $negatives "11"), crepe!(@file $negatives "12"),
                ],
                read: |files| of_size(read_crepe_productivity($negatives, files), $items),
            },)*
            $(
                crepe!(@systematicity $data $split "atom"),
                crepe!(@systematicity $data $split "comp"),
                crepe!(@systematicity $data $split "combined")
            ),*
        ]
    };
    (@file $negatives:literal $complexity:literal) => {
        &[concat!("prod_vg_hard_negs_", $negatives, "_complexity_", $complexity, ".csv")]
    };
    (@systematicity $data:literal $split:literal $negatives:literal) => {
        Source {
            set: concat!("crepe/systematicity/", $data, "/", $split, "/", $negatives),
            files: &[&[concat!("syst_vg_hard_negs_", $split, "_in_", $data, ".csv")]],
            read: |files| read_crepe_systematicity(concat!($data, "/", $split), $negatives, &files[0]),
        }
    };
}

macro_rules! vl_checklist {
    ($($set:literal $file:literal),*) => {
        &[$(Source {
            set: concat!("vl-checklist/", $set),
            files: &[&[$file]],
            read: |files| read_vl_checklist($set, &files[0]),
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
    Benchmark {
        name: "sugarcrepe++",
        title: "SugarCrepe++ (Dumpala et al. 2024)",
        obtain: "lists: github.com/Sri-Harsha/scpp, folder data (CC BY 4.0); images: COCO val2017; the text-only sets need none",
        sources: sugarcrepe_pp!("replace_obj" 1652, "replace_att" 788, "replace_rel" 1406, "swap_obj" 245, "swap_att" 666),
    },
    Benchmark {
        name: "bivlc",
        title: "BiVLC (Miranda et al. 2024)",
        obtain: "huggingface.co/datasets/imirandam/BiVLC (parquet, which is not read: export its columns to bivlc.jsonl or bivlc.csv and its images to files)",
        sources: &[Source {
            set: "bivlc",
            files: &[&["bivlc.jsonl", "bivlc.json", "bivlc.csv"]],
            read: |files| of_size(read_squares("bivlc", &files[0], None), 2933),
        }],
    },
    Benchmark {
        name: "colorswap",
        title: "ColorSwap (Burapacheep et al. 2024)",
        obtain: "list and images: github.com/Top34051/colorswap, its Drive archive (code MIT), or huggingface.co/datasets/stanfordnlp/colorswap after accepting its terms",
        sources: &[Source {
            set: "colorswap",
            files: &[&["colorswap/data/test.json", "colorswap/test.json"]],
            read: |files| of_size(read_squares("colorswap", &files[0], None), 300),
        }],
    },
    Benchmark {
        name: "cola",
        title: "COLA, multi-object (Ray et al. 2023)",
        obtain: "list: github.com/arijitray1993/COLA, folder data (MIT); images: Visual Genome",
        sources: &[Source {
            set: "cola/multi-object",
            files: &[&["COLA_multiobjects_matching_benchmark.json"]],
            read: |files| of_size(read_squares("cola/multi-object", &files[0], None), 210),
        }],
    },
    Benchmark {
        name: "naturalbench",
        title: "NaturalBench-Retrieval (Li et al. 2024)",
        obtain: "huggingface.co/datasets/BaiqiL/NaturalBench: NaturalBench-Retrieval.zip, unpacked into a folder naturalbench or NaturalBench-Retrieval",
        sources: &[Source {
            set: "naturalbench",
            files: &[&[
                "NaturalBench-Retrieval/metadata.json",
                "naturalbench/metadata.json",
            ]],
            read: |files| of_size(read_squares("naturalbench", &files[0], None), 1227),
        }],
    },
    Benchmark {
        name: "mmvp-vlm",
        title: "MMVP-VLM (Tong et al. 2024)",
        obtain: "huggingface.co/datasets/MMVP/MMVP_VLM (MIT): Questions.csv and the folder 'MLLM_VLM Images'",
        sources: &[Source {
            set: "mmvp-vlm",
            files: &[&["MMVP_VLM/Questions.csv", "mmvp-vlm/Questions.csv"]],
            read: |files| of_size(read_mmvp(&files[0]), 135),
        }],
    },
    Benchmark {
        name: "vismin",
        title: "VisMin (Awal et al. 2024)",
        obtain: "huggingface.co/datasets/mair-lab/vismin-bench (parquet, which is not read: export its columns to vismin.jsonl or vismin.csv and its images to files)",
        sources: &[Source {
            set: "vismin",
            files: &[&["vismin.jsonl", "vismin.json", "vismin.csv"]],
            read: |files| of_size(read_squares("vismin", &files[0], None), 2084),
        }],
    },
    Benchmark {
        name: "eqben",
        title: "EqBen (Wang et al. 2023)",
        obtain: "list and images: the Drive links in github.com/Wangt-CN/EqBen (Apache 2.0); the list of items saved as eqben.json; YouCook2's frames are NumPy arrays, which must be converted to images of the same names",
        sources: &[Source {
            set: "eqben",
            files: &[&["eqben.json", "eqben.jsonl"]],
            read: |files| of_size(read_squares("eqben", &files[0], None), 251_048),
        }],
    },
    Benchmark {
        name: "coco-counterfactuals",
        title: "COCO-Counterfactuals (Le et al. 2023)",
        obtain: "huggingface.co/datasets/Intel/COCO-Counterfactuals: data/examples.jsonl and data/images.zip, in a folder COCO-Counterfactuals or coco-counterfactuals",
        sources: &[Source {
            set: "coco-counterfactuals",
            files: &[&[
                "COCO-Counterfactuals/data/examples.jsonl",
                "COCO-Counterfactuals/examples.jsonl",
                "coco-counterfactuals/examples.jsonl",
            ]],
            read: |files| read_squares("coco-counterfactuals", &files[0], None),
        }],
    },
    Benchmark {
        name: "whatsup",
        title: "What's Up (Kamath et al. 2023)",
        obtain: "lists and images of A and B: the Drive links in github.com/amitakamath/whatsup_vlms (code MIT); images of the other lists: COCO val2017, and Visual Genome in a folder vg_images",
        sources: &[
            Source {
                set: "whatsup/a",
                files: &[&["controlled_images_dataset.json"]],
                read: |files| of_size(read_whatsup("a", &files[0]), 412),
            },
            Source {
                set: "whatsup/b",
                files: &[&["controlled_clevr_dataset.json"]],
                read: |files| of_size(read_whatsup("b", &files[0]), 408),
            },
            Source {
                set: "whatsup/coco-one",
                files: &[&["coco_qa_one_obj.json"]],
                read: |files| of_size(read_whatsup_pairs("coco-one", &files[0], true), 2247),
            },
            Source {
                set: "whatsup/coco-two",
                files: &[&["coco_qa_two_obj.json"]],
                read: |files| of_size(read_whatsup_pairs("coco-two", &files[0], true), 440),
            },
            Source {
                set: "whatsup/gqa-one",
                files: &[&["vg_qa_one_obj.json"]],
                read: |files| of_size(read_whatsup_pairs("gqa-one", &files[0], false), 1160),
            },
            Source {
                set: "whatsup/gqa-two",
                files: &[&["vg_qa_two_obj.json"]],
                read: |files| of_size(read_whatsup_pairs("gqa-two", &files[0], false), 291),
            },
        ],
    },
    Benchmark {
        name: "valse",
        title: "VALSE (Parcalabescu et al. 2022)",
        obtain: "lists: github.com/Heidelberg-NLP/VALSE, folder data (MIT); images: COCO 2014 and val2017, Visual7W, SWiG (images_512), VisDial val2018",
        sources: valse!(
            "existence" 505, "plurals" 851, "counting-hard" 868, "counting-small-quant" 900,
            "counting-adversarial" 691, "relations" 535, "action-replacement" 648,
            "actant-swap" 949, "coreference-standard" 708, "coreference-hard" 104, "foil-it" 943
        ),
    },
    Benchmark {
        name: "negbench",
        title: "NegBench (Alhamoud et al. 2025)",
        obtain: "lists: the Drive links in github.com/m1k2zoo/negbench (MIT); images: COCO val2017, VOC2007",
        sources: &[
            Source {
                set: "negbench/mcq/coco",
                files: &[&["COCO_val_mcq_llama3.1_rephrased.csv"]],
                read: |files| of_size(read_negbench_choice("mcq/coco", &files[0]), 5914),
            },
            Source {
                set: "negbench/mcq/voc2007",
                files: &[&["VOC2007_mcq_llama3.1_rephrased.csv"]],
                // Known to one item only: no count to hold it to.
                read: |files| read_negbench_choice("mcq/voc2007", &files[0]),
            },
            Source {
                set: "negbench/retrieval/coco",
                files: &[&["COCO_val_retrieval.csv"]],
                read: |files| read_negbench_retrieval("retrieval/coco", &files[0]),
            },
            Source {
                set: "negbench/retrieval/coco-negated",
                files: &[&["COCO_val_negated_retrieval_llama3.1_rephrased_affneg_true.csv"]],
                read: |files| read_negbench_retrieval("retrieval/coco-negated", &files[0]),
            },
        ],
    },
    Benchmark {
        name: "spec",
        title: "SPEC (Peng et al. 2024)",
        obtain: "huggingface.co/datasets/wjpoom/SPEC: data.zip, unpacked",
        sources: spec!(
            "absolute_size" 1500, "relative_size" 1500, "absolute_spatial" 4500,
            "relative_spatial" 2000, "existence" 1000, "count" 4500
        ),
    },
    Benchmark {
        name: "crepe",
        title: "CREPE (Ma et al. 2023)",
        obtain: "lists: the archives in github.com/RAIVNLab/CREPE, folder data, unpacked; images: Visual Genome. The systematicity sets are defined only for models trained on the data set in their name",
        sources: crepe!(
            productivity: "atom" 17698, "swap" 7405, "negate" 17303;
            systematicity: "cc12m" "seen_compounds" "cc12m" "unseen_compounds"
                "yfcc" "seen_compounds" "yfcc" "unseen_compounds"
                "laion" "seen_compounds" "laion" "unseen_compounds"
        ),
    },
    Benchmark {
        name: "vl-checklist",
        title: "VL-CheckList (Zhao et al. 2022)",
        obtain: "lists: github.com/om-ai-lab/VL-CheckList, folder data; images: Visual Genome, SWiG, HAKE",
        sources: vl_checklist!(
            "attribute/vg/action" "Attribute/vg/action.json",
            "attribute/vg/color" "Attribute/vg/color.json",
            "attribute/vg/material" "Attribute/vg/material.json",
            "attribute/vg/size" "Attribute/vg/size.json",
            "attribute/vg/state" "Attribute/vg/state.json",
            "attribute/vaw/action" "Attribute/vaw/action.json",
            "attribute/vaw/material" "Attribute/vaw/material.json",
            "attribute/vaw/size" "Attribute/vaw/size.json",
            "attribute/vaw/state" "Attribute/vaw/state.json",
            "object/location/center/hake_obj" "hake_obj_center.json",
            "object/location/center/swig_agent" "swig_agent_center.json",
            "object/location/center/swig_destination" "swig_destination_center.json",
            "object/location/center/swig_item" "swig_item_center.json",
            "object/location/center/swig_tool" "swig_tool_center.json",
            "object/location/center/vg_obj" "vg_obj_center.json",
            "object/location/center/vg_subj" "vg_subj_center.json",
            "object/location/mid/hake_obj" "hake_obj_mid.json",
            "object/location/mid/swig_agent" "swig_agent_mid.json",
            "object/location/mid/swig_destination" "swig_destination_mid.json",
            "object/location/mid/swig_item" "swig_item_mid.json",
            "object/location/mid/swig_tool" "swig_tool_mid.json",
            "object/location/mid/vg_obj" "vg_obj_mid.json",
            "object/location/mid/vg_subj" "vg_subj_mid.json",
            "object/location/margin/hake_obj" "hake_obj_margin.json",
            "object/location/margin/swig_agent" "swig_agent_margin.json",
            "object/location/margin/swig_destination" "swig_destination_margin.json",
            "object/location/margin/swig_item" "swig_item_margin.json",
            "object/location/margin/swig_tool" "swig_tool_margin.json",
            "object/location/margin/vg_obj" "vg_obj_margin.json",
            "object/location/margin/vg_subj" "vg_subj_margin.json",
            "object/size/large/hake_obj" "hake_obj_large.json",
            "object/size/large/swig_agent" "swig_agent_large.json",
            "object/size/large/swig_destination" "swig_destination_large.json",
            "object/size/large/swig_item" "swig_item_large.json",
            "object/size/large/swig_tool" "swig_tool_large.json",
            "object/size/large/vg_obj" "vg_obj_large.json",
            "object/size/large/vg_subj" "vg_subj_large.json",
            "object/size/medium/hake_obj" "hake_obj_medium.json",
            "object/size/medium/swig_agent" "swig_agent_medium.json",
            "object/size/medium/swig_destination" "swig_destination_medium.json",
            "object/size/medium/swig_item" "swig_item_medium.json",
            "object/size/medium/swig_tool" "swig_tool_medium.json",
            "object/size/medium/vg_obj" "vg_obj_medium.json",
            "object/size/medium/vg_subj" "vg_subj_medium.json",
            "object/size/small/hake_obj" "hake_obj_small.json",
            "object/size/small/swig_agent" "swig_agent_small.json",
            "object/size/small/swig_destination" "swig_destination_small.json",
            "object/size/small/swig_item" "swig_item_small.json",
            "object/size/small/swig_tool" "swig_tool_small.json",
            "object/size/small/vg_obj" "vg_obj_small.json",
            "object/size/small/vg_subj" "vg_subj_small.json",
            "relation/vg/action" "Relation/vg/action.json",
            "relation/swig/action" "Relation/swig_action.json",
            "relation/vg/spatial" "Relation/vg/spatial.json"
        ),
    },
];
