// Reductions over a workgroup of THREADS threads by subgroup operations: two barriers in place of
// one for each halving. Every thread gets the result; all of them call together.
//
// Nothing is assumed about how a device groups threads, not even that all subgroups are of one
// size: each leaves its own result in the place of its first lane, and then reduces all places.
var<workgroup> partial: array<f32, THREADS>;

fn sum_of_group(thread: u32, value: f32) -> f32 {
    let lanes = subgroupAdd(1u);
    let lane = subgroupExclusiveAdd(1u);
    let own = subgroupAdd(value);
    workgroupBarrier(); // a result of the last call may still be read
    partial[thread] = select(0.0, own, lane == 0u);
    workgroupBarrier();
    var all = 0.0;
    for (var i = lane; i < THREADS; i += lanes) {
        all += partial[i];
    }
    return subgroupAdd(all);
}

fn largest_of_group(thread: u32, value: f32) -> f32 {
    let lanes = subgroupAdd(1u);
    let lane = subgroupExclusiveAdd(1u);
    let own = subgroupMax(value);
    workgroupBarrier();
    partial[thread] = select(-3.0e38, own, lane == 0u);
    workgroupBarrier();
    var all = -3.0e38;
    for (var i = lane; i < THREADS; i += lanes) {
        all = max(all, partial[i]);
    }
    return subgroupMax(all);
}
