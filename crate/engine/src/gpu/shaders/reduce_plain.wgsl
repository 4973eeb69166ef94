// Reductions over a workgroup of THREADS threads, a power of two, through workgroup memory.
// Every thread gets the result; all of them call together.
var<workgroup> partial: array<f32, THREADS>;

fn sum_of_group(thread: u32, value: f32) -> f32 {
    workgroupBarrier(); // a result of the last call may still be read
    partial[thread] = value;
    for (var half = THREADS / 2u; half > 0u; half = half / 2u) {
        workgroupBarrier();
        if thread < half {
            partial[thread] += partial[thread + half];
        }
    }
    workgroupBarrier();
    return partial[0];
}

fn largest_of_group(thread: u32, value: f32) -> f32 {
    workgroupBarrier();
    partial[thread] = value;
    for (var half = THREADS / 2u; half > 0u; half = half / 2u) {
        workgroupBarrier();
        if thread < half {
            partial[thread] = max(partial[thread], partial[thread + half]);
        }
    }
    workgroupBarrier();
    return partial[0];
}
