//! The WGSL source of the matrix products.
//!
//! The sums of one thread are variables of their own: compilers keep those in registers, while they
//! may put an array that a loop indexes into memory. So what is done with them is written out here
//! and put into the places that the files in `shaders/` leave.

use super::arithmetic::Arithmetic;
use super::shader_parts::{ENABLE_F16, line, weights_source};
use super::tiles::{Product, Tile};

/// Vectors of four along a row of which products in f16 are summed in f16, two numbers in a lane each.
const F16_RUN: u32 = 4;

/// The whole source of a product's kernel.
pub(super) fn source(
    Product {
        element,
        arithmetic,
        tile,
    }: Product,
) -> String {
    let (items, stride) = (tile.row_items(arithmetic), tile.row_stride(arithmetic));
    let mut header = format!(
        "const TILE_M = {}u;\nconst TILE_N = {}u;\nconst TILE_STRIDE = {stride}u;\n\
         const THREADS_M = {}u;\nconst THREADS_N = {}u;\nconst THREADS = {}u;\n\
         const X_TILE = {}u;\nconst W_TILE = {}u;\n",
        tile.m,
        tile.n,
        tile.threads_m(),
        tile.threads_n(),
        tile.threads_m() * tile.threads_n(),
        tile.m * stride,
        tile.n * stride,
    );
    let mut constant = |name, value| line(&mut header, 0, format_args!("const {name} = {value}u;"));
    let thread = Thread(tile);
    let (enable, body) = match arithmetic {
        Arithmetic::F32 => {
            constant("TILE_K4", items);
            let body = include_str!("shaders/matmul.wgsl");
            ("", thread.in_f32(body))
        }
        Arithmetic::F16 => {
            constant("TILE_K4", items);
            constant("RUN_K4", items.min(F16_RUN));
            let body = include_str!("shaders/matmul_f16.wgsl");
            (ENABLE_F16, thread.in_f16(body))
        }
        Arithmetic::Int8 => {
            constant("TILE_WORDS", items);
            let body = include_str!("shaders/matmul_int8.wgsl");
            ("", thread.in_int8(body))
        }
    };
    let weights = weights_source(element);
    let shared = include_str!("shaders/product.wgsl");
    format!("{enable}{weights}\n{header}\n{shared}\n{body}")
}

/// What one thread does with its part of a tile.
struct Thread(Tile);

impl Thread {
    fn rows(&self) -> impl Iterator<Item = u32> + use<> {
        0..self.0.thread_m
    }

    fn columns(&self) -> impl Iterator<Item = u32> + use<> {
        0..self.0.thread_n
    }

    fn pairs(&self) -> impl Iterator<Item = (u32, u32)> + use<> {
        let columns = self.0.thread_n;
        self.rows()
            .flat_map(move |i| (0..columns).map(move |j| (i, j)))
    }

    /// Item `at` of row i of the thread's rows.
    fn x(&self, i: u32, at: &str) -> String {
        let offset = i * self.0.threads_m();
        format!("x_tile[(local.y + {offset}u) * TILE_STRIDE + {at}]")
    }

    /// Item `at` of column j of the thread's columns.
    fn w(&self, j: u32, at: &str) -> String {
        let offset = j * self.0.threads_n();
        format!("w_tile[(local.x + {offset}u) * TILE_STRIDE + {at}]")
    }

    /// Reads item k of each of the thread's rows and columns, as `a0`, `b0` and so on.
    fn load(&self, indent: usize) -> String {
        let mut text = String::new();
        for i in self.rows() {
            line(
                &mut text,
                indent,
                format_args!("let a{i} = {};", self.x(i, "k")),
            );
        }
        for j in self.columns() {
            line(
                &mut text,
                indent,
                format_args!("let b{j} = {};", self.w(j, "k")),
            );
        }
        text
    }

    fn declare(&self) -> String {
        let mut text = String::new();
        for (i, j) in self.pairs() {
            line(&mut text, 1, format_args!("var s{i}_{j} = 0.0;"));
        }
        text
    }

    /// Stores every sum, times `factor` of its row where there is one.
    fn store(&self, factor: Option<&str>) -> String {
        let mut text = String::new();
        let row = |i| format!("first_row + local.y + {}u", i * self.0.threads_m());
        let column = |j| format!("first_column + local.x + {}u", j * self.0.threads_n());
        for i in self.rows() {
            if let Some(factor) = factor {
                line(
                    &mut text,
                    1,
                    format_args!("let f{i} = {factor}({});", row(i)),
                );
            }
            for j in self.columns() {
                let scaled = factor.map_or(String::new(), |_| format!("f{i} * "));
                let (row, column) = (row(i), column(j));
                line(
                    &mut text,
                    1,
                    format_args!("store({row}, {column}, {scaled}s{i}_{j});"),
                );
            }
        }
        text
    }

    fn in_f32(&self, body: &str) -> String {
        let mut accumulate = self.load(3);
        // One component after the other, so that consecutive instructions do not wait for each other.
        for component in ["x", "y", "z", "w"] {
            for (i, j) in self.pairs() {
                line(
                    &mut accumulate,
                    3,
                    format_args!("s{i}_{j} = fma(a{i}.{component}, b{j}.{component}, s{i}_{j});"),
                );
            }
        }
        body.replace("    //{declare}\n", &self.declare())
            .replace("            //{accumulate}\n", &accumulate)
            .replace("    //{store}\n", &self.store(None))
    }

    fn in_f16(&self, body: &str) -> String {
        let (mut begin, mut accumulate, mut end) = (String::new(), self.load(4), String::new());
        for (i, j) in self.pairs() {
            line(&mut begin, 3, format_args!("var h{i}_{j} = vec2<f16>();"));
            line(
                &mut end,
                3,
                format_args!("s{i}_{j} += f32(h{i}_{j}.x) + f32(h{i}_{j}.y);"),
            );
        }
        for half in ["xy", "zw"] {
            for (i, j) in self.pairs() {
                line(
                    &mut accumulate,
                    4,
                    format_args!("h{i}_{j} = fma(a{i}.{half}, b{j}.{half}, h{i}_{j});"),
                );
            }
        }
        body.replace("    //{declare}\n", &self.declare())
            .replace("            //{begin}\n", &begin)
            .replace("                //{accumulate}\n", &accumulate)
            .replace("            //{end}\n", &end)
            .replace("    //{store}\n", &self.store(Some("row_factor")))
    }

    fn in_int8(&self, body: &str) -> String {
        let (mut begin, mut accumulate, mut end) = (String::new(), self.load(4), String::new());
        for i in self.rows() {
            let scale = self.x(i, "scales");
            line(
                &mut begin,
                3,
                format_args!("let p{i} = bitcast<f32>({scale});"),
            );
        }
        for j in self.columns() {
            let scale = self.w(j, "scales");
            line(
                &mut begin,
                3,
                format_args!("let q{j} = bitcast<f32>({scale});"),
            );
        }
        for (i, j) in self.pairs() {
            line(&mut begin, 3, format_args!("var c{i}_{j} = 0i;"));
            line(
                &mut accumulate,
                4,
                format_args!("c{i}_{j} += dot4I8Packed(a{i}, b{j});"),
            );
            line(
                &mut end,
                3,
                format_args!("s{i}_{j} = fma(f32(c{i}_{j}), p{i} * q{j}, s{i}_{j});"),
            );
        }
        body.replace("    //{declare}\n", &self.declare())
            .replace("            //{begin}\n", &begin)
            .replace("                //{accumulate}\n", &accumulate)
            .replace("            //{end}\n", &end)
            .replace("    //{store}\n", &self.store(None))
    }
}
