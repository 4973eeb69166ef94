//! People, turned three quarters to the left: one stance, told apart by what they wear and hold.
//!
//! The arm to the left is stretched out: it is drawn in front of what the person carries. Tools
//! are in the other hand.

use super::pen::{
    Part,
    Pen::{Body, Fill, Limb, Line},
};
use crate::world::draw::palette::Tone::{Base, Dark, Ink, Light, Paper, Skin};

/// Trousers, shoes and a jacket.
const TRUNK: &[Part] = &[
    (Base, Body, "M-36 46H-3V88H-36ZM3 46H36V88H3Z"),
    (
        Ink,
        Fill,
        "M-52 98Q-50 82-34 82H-1V98ZM-1 98Q3 82 14 82H39V98Z",
    ),
    (
        Base,
        Body,
        "M-26-18H26Q42-14 44 4L40 58H-40L-44 4Q-42-14-26-18Z",
    ),
];

/// The arm to the right, its hand at (64, 36).
const TOOL_ARM: &[Part] = &[
    (Base, Limb(20.0), "M34 2Q58 10 61 28"),
    (Skin, Body, "M52 38a11 11 0 1 1 22 0a11 11 0 1 1-22 0Z"),
];

/// The arm to the left, its hand at (−80, 16).
const HOLDING_ARM: &[Part] = &[
    (Base, Limb(20.0), "M-34 4Q-50 24-70 20"),
    (Skin, Body, "M-91 16a11 11 0 1 1 22 0a11 11 0 1 1-22 0Z"),
];

/// A head with a face.
const HEAD: &[Part] = &[
    (
        Skin,
        Body,
        "M-38-50a32 32 0 1 1 64 0a32 32 0 1 1-64 0ZM-45-42a7 7 0 1 1 14 0a7 7 0 1 1-14 0Z",
    ),
    (
        Ink,
        Fill,
        "M-30-50a5 7 0 1 1 10 0a5 7 0 1 1-10 0ZM-7-50a5 7 0 1 1 10 0a5 7 0 1 1-10 0Z",
    ),
    (Ink, Line(5.0), "M-26-31Q-16-26-6-31"),
];

pub(super) const DOCTOR: &[&[Part]] = &[
    &[
        (Ink, Body, "M36 50H92V88H36Z"),
        (Ink, Line(6.0), "M54 48V40H74V48"),
    ],
    &[(Paper, Fill, "M60 56H68V65H77V73H68V82H60V73H51V65H60Z")],
    TRUNK,
    &[
        (
            Paper,
            Body,
            "M-22-18L-44 4L-48 78H-28L-18-16ZM22-18L44 4L48 78H28L18-16Z",
        ),
        (Ink, Line(6.0), "M-16-18Q-14 14 2 14Q16 12 15-18M2 14V30"),
        (Ink, Fill, "M-7 34a9 9 0 1 1 18 0a9 9 0 1 1-18 0Z"),
        (Paper, Limb(20.0), "M36 2Q58 10 61 28"),
        (Skin, Body, "M52 38a11 11 0 1 1 22 0a11 11 0 1 1-22 0Z"),
    ],
    HEAD,
    &[
        (
            Dark,
            Body,
            "M26-44C34-70 18-92-8-92C-34-92-46-72-38-60Q-10-58 12-66Q16-50 26-44Z",
        ),
        (Ink, Line(5.0), "M-36-72L24-70"),
        (Paper, Body, "M-40-76a13 13 0 1 1 26 0a13 13 0 1 1-26 0Z"),
    ],
];

pub(super) const DOCTOR_ARM: &[&[Part]] = &[&[
    (Paper, Limb(20.0), "M-34 4Q-50 24-70 20"),
    (Skin, Body, "M-91 16a11 11 0 1 1 22 0a11 11 0 1 1-22 0Z"),
]];

pub(super) const ARM: &[&[Part]] = &[HOLDING_ARM];

pub(super) const CHEF: &[&[Part]] = &[
    &[
        (Ink, Line(9.0), "M64 40V10"),
        (Ink, Fill, "M40-10a25 25 0 1 1 50 0a25 25 0 1 1-50 0Z"),
    ],
    TRUNK,
    &[
        (Paper, Body, "M-26 22H26L30 76H-30Z"),
        (Paper, Fill, "M-26-18H26L0 4Z"),
        (
            Ink,
            Fill,
            "M-12 10a4 4 0 1 1 8 0a4 4 0 1 1-8 0ZM6 10a4 4 0 1 1 8 0a4 4 0 1 1-8 0Z",
        ),
    ],
    TOOL_ARM,
    HEAD,
    &[
        (
            Ink,
            Fill,
            "M-44-34Q-26-46-18-36Q-8-46 8-34Q-6-28-18-32Q-32-28-44-34Z",
        ),
        (
            Paper,
            Body,
            "M-34-58L-36-72C-58-78-48-104-28-92C-20-102 8-102 14-92C34-102 44-78 26-72L24-58Z",
        ),
    ],
];

pub(super) const FARMER: &[&[Part]] = &[
    &[
        (Ink, Line(8.0), "M66 96V-40"),
        (
            Ink,
            Line(7.0),
            "M46-84V-56Q46-40 66-40Q86-40 86-56V-84M66-84V-40",
        ),
    ],
    TRUNK,
    &[
        (Paper, Fill, "M-26-15L-40 4L-38 20H38L40 4L26-15Z"),
        (
            Base,
            Fill,
            "M-24 2H24V40H-24ZM-26-16H-14V4H-26ZM14-16H26V4H14Z",
        ),
        (Dark, Line(6.0), "M-14 16H14V34H-14Z"),
        (Paper, Limb(20.0), "M34 2Q58 10 61 28"),
        (Skin, Body, "M52 38a11 11 0 1 1 22 0a11 11 0 1 1-22 0Z"),
    ],
    HEAD,
    &[
        (
            Light,
            Body,
            "M-78-58Q-54-70-36-70Q-36-98-6-98Q24-98 24-70Q42-70 66-58Q-6-74-78-58Z",
        ),
        (Dark, Line(8.0), "M-34-75Q-6-82 22-75"),
    ],
];

pub(super) const FARMER_ARM: &[&[Part]] = &[&[
    (Paper, Limb(20.0), "M-34 4Q-50 24-70 20"),
    (Skin, Body, "M-91 16a11 11 0 1 1 22 0a11 11 0 1 1-22 0Z"),
]];

pub(super) const ASTRONAUT: &[&[Part]] = &[&[
    (Dark, Body, "M20-30H64V52H20Z"),
    (Base, Limb(28.0), "M-20 56V84M20 56V84"),
    (
        Dark,
        Body,
        "M-46 94Q-44 78-32 78H-4V94ZM0 94Q2 78 12 78H38V94Z",
    ),
    (
        Base,
        Body,
        "M-30-18H28Q46-12 46 8L42 62H-42L-46 8Q-46-12-30-18Z",
    ),
    (Paper, Body, "M-26 18H18V46H-26Z"),
    (Ink, Fill, "M-20 24H-6V40H-20Z"),
    (Dark, Line(7.0), "M2 28H12M2 37H12"),
    (Base, Limb(24.0), "M36 6Q58 18 60 38"),
    (Base, Body, "M-50-52a42 42 0 1 1 84 0a42 42 0 1 1-84 0Z"),
    (
        Ink,
        Body,
        "M-46-52Q-44-78-18-78Q10-78 10-52Q10-28-18-28Q-44-28-46-52Z",
    ),
    (Paper, Line(7.0), "M-34-56Q-32-66-22-68"),
]];

pub(super) const ASTRONAUT_ARM: &[&[Part]] = &[&[(Base, Limb(24.0), "M-36 6Q-50 24-76 18")]];

pub(super) const KING: &[&[Part]] = &[
    &[
        (Ink, Line(8.0), "M64 92V-20"),
        (Light, Body, "M51-28a13 13 0 1 1 26 0a13 13 0 1 1-26 0Z"),
    ],
    &[
        (
            Base,
            Body,
            "M-26-18H26Q40-10 44 10L58 94H-58L-44 10Q-40-10-26-18Z",
        ),
        (Paper, Body, "M-58 78H58L60 94H-60Z"),
        (Paper, Fill, "M-10-10H8L12 80H-14Z"),
        (
            Ink,
            Fill,
            "M-46 83H-38V91H-46ZM-26 83H-18V91H-26ZM16 83H24V91H16ZM38 83H46V91H38ZM-5 20H3V28H-5ZM-5 46H3V54H-5ZM-5 70H3V78H-5Z",
        ),
    ],
    TOOL_ARM,
    HEAD,
    &[
        (
            Paper,
            Body,
            "M-40-38Q-22-44-18-36Q-8-44 26-46Q30-8-10 8Q-38-6-40-38Z",
        ),
        (Ink, Line(5.0), "M-24-26Q-16-22-8-27"),
        (Light, Body, "M-38-62L-44-94L-24-80L-8-98L8-80L30-94L26-62Z"),
        (Dark, Line(7.0), "M-36-67H24"),
    ],
];

pub(super) const PIRATE: &[&[Part]] = &[
    &[
        (Paper, Body, "M58 26Q96-6 84-62Q72-16 50 18Z"),
        (Ink, Line(9.0), "M46 20L74 36"),
    ],
    TRUNK,
    &[
        (Paper, Fill, "M-14-18H14L10 44H-12Z"),
        (Ink, Line(5.0), "M-13 2H12M-13 18H12M-13 32H11"),
        (Ink, Fill, "M-41 44H41L40 58H-40Z"),
        (Paper, Line(6.0), "M-8 46H8V56H-8Z"),
    ],
    TOOL_ARM,
    HEAD,
    &[
        (Ink, Fill, "M-16-58H10V-40Q-4-34-14-42Z"),
        (Ink, Line(5.0), "M-36-60L26-42"),
        (Ink, Fill, "M-38-34Q-20-24 26-42Q28-14-6-12Q-34-12-38-34Z"),
        (
            Ink,
            Body,
            "M-84-60Q-50-74-36-96Q-8-104 22-96Q36-74 70-60Q-6-50-84-60Z",
        ),
        (
            Paper,
            Fill,
            "M-18-80a11 10 0 1 1 22 0a11 10 0 1 1-22 0ZM-14-74H0V-64H-14Z",
        ),
    ],
];

pub(super) const FIREFIGHTER: &[&[Part]] = &[
    &[
        (Ink, Line(8.0), "M66 92V-34"),
        (Paper, Body, "M58-50H84Q96-34 88-20Q74-28 58-26Z"),
    ],
    TRUNK,
    &[
        (
            Paper,
            Fill,
            "M-45 16H45V28H-45ZM-36 66H-3V76H-36ZM3 66H36V76H3Z",
        ),
        (Dark, Line(6.0), "M-2-14V56"),
    ],
    TOOL_ARM,
    HEAD,
    &[
        (
            Base,
            Body,
            "M-56-58Q-42-66-40-72Q-34-98-6-98Q26-98 28-70Q48-56 52-42Q20-62-6-64Q-34-64-56-58Z",
        ),
        (Paper, Body, "M-38-66L-36-88L-16-88L-14-68Q-26-60-38-66Z"),
    ],
];
