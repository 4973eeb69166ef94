//! People, turned three quarters to the left: one stance, told apart by what they wear and hold.
//!
//! The arm to the left is stretched out: it is drawn in front of what the person carries. Tools
//! are in the other hand.

use super::pen::{
    Part,
    Pen::{Body, Fill, Limb, Line},
};
use crate::draw::palette::Tone::{Base, Dark, Ink, Light, Paper, Skin};

/// Trousers, shoes and a jacket.
const TRUNK: &[Part] = &[
    (Base, Body, "M-36 46H-3V88H-36ZM3 46H36V88H3Z"),
    (
        Ink,
        Fill,
        "M-54 98Q-52 82-36 82H-2V98ZM0 98Q2 82 12 82H43V98Z",
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
        "M-30-46a5 7 0 1 1 10 0a5 7 0 1 1-10 0ZM-7-46a5 7 0 1 1 10 0a5 7 0 1 1-10 0Z",
    ),
    (Ink, Line(5.0), "M-26-29Q-16-24-6-29"),
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
            Base,
            Body,
            "M-26-18H26Q42-14 44 4L48 78H-48L-44 4Q-42-14-26-18Z",
        ),
        (Dark, Line(6.0), "M-6 34V74"),
        (Paper, Fill, "M-30-14H30L2 30Z"),
        (Paper, Fill, "M18 30H28V40H38V50H28V60H18V50H8V40H18Z"),
        (Ink, Line(6.0), "M-16-16Q-14 12 1 13Q15 12 15-16M1 13V26"),
        (Ink, Fill, "M-8 32a9 9 0 1 1 18 0a9 9 0 1 1-18 0Z"),
    ],
    TOOL_ARM,
    HEAD,
    &[
        (
            Ink,
            Body,
            "M26-44C34-70 18-92-8-92C-34-92-46-72-38-60Q-10-58 12-66Q16-50 26-44Z",
        ),
        (Paper, Line(5.0), "M-30-76L24-72"),
        (Paper, Body, "M-40-80a12 12 0 1 1 24 0a12 12 0 1 1-24 0Z"),
    ],
];

pub(super) const ARM: &[&[Part]] = &[HOLDING_ARM];

pub(super) const CHEF: &[&[Part]] = &[
    &[
        (Ink, Line(9.0), "M64 40V10"),
        (Ink, Fill, "M40-10a25 25 0 1 1 50 0a25 25 0 1 1-50 0Z"),
    ],
    TRUNK,
    &[
        (Paper, Body, "M-20 26H20L24 72H-24Z"),
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
            "M-34-58L-36-70C-58-74-48-98-28-87C-20-94 8-94 14-87C34-98 44-74 26-70L24-58Z",
        ),
    ],
];

pub(super) const FARMER: &[&[Part]] = &[
    &[
        (Ink, Line(8.0), "M66 94V-40"),
        (
            Ink,
            Line(7.0),
            "M46-84V-56Q46-40 66-40Q86-40 86-56V-84M66-84V-40",
        ),
    ],
    TRUNK,
    &[
        (Paper, Fill, "M-26-15L-40 4L-37 20H37L40 4L26-15Z"),
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
            "M-78-58Q-54-70-36-70Q-36-91-6-91Q24-91 24-70Q42-70 66-58Q-6-74-78-58Z",
        ),
        (Dark, Line(8.0), "M-34-73Q-6-80 22-73"),
    ],
];

pub(super) const FARMER_ARM: &[&[Part]] = &[&[
    (Paper, Limb(20.0), "M-34 4Q-50 24-70 20"),
    (Skin, Body, "M-91 16a11 11 0 1 1 22 0a11 11 0 1 1-22 0Z"),
]];

pub(super) const ASTRONAUT: &[&[Part]] = &[&[
    (Dark, Body, "M20-30H64V52H20Z"),
    (Base, Limb(28.0), "M-20 56V74M20 56V74"),
    (
        Dark,
        Body,
        "M-48 91Q-46 76-34 76H-4V91ZM0 91Q2 76 12 76H40V91Z",
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
    (Base, Body, "M-50-49a42 42 0 1 1 84 0a42 42 0 1 1-84 0Z"),
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
            "M-26-18H26Q40-10 44 10L58 91H-58L-44 10Q-40-10-26-18Z",
        ),
        (Paper, Body, "M-58 77H58L60 91H-60Z"),
        (Paper, Fill, "M-10-10H8L12 80H-14Z"),
        (
            Ink,
            Fill,
            "M-46 80H-38V88H-46ZM-26 80H-18V88H-26ZM16 80H24V88H16ZM38 80H46V88H38ZM-5 20H3V28H-5ZM-5 46H3V54H-5ZM-5 70H3V78H-5Z",
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
        (Light, Body, "M-38-66L-44-92L-24-80L-8-92L8-80L30-92L26-66Z"),
        (Dark, Line(7.0), "M-36-70H24"),
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
        (Ink, Fill, "M-14-58H12V-40Q0-32-12-40Z"),
        (Ink, Line(5.0), "M-36-58L26-44"),
        (Ink, Fill, "M-38-36Q-20-22 26-42Q28-12-6-10Q-34-10-38-36Z"),
        (
            Ink,
            Body,
            "M-84-66Q-50-76-36-92Q-8-90 22-92Q36-76 70-66Q-6-58-84-66Z",
        ),
        (
            Paper,
            Fill,
            "M-18-80a11 9 0 1 1 22 0a11 9 0 1 1-22 0ZM-14-76H0V-66H-14Z",
        ),
    ],
];

pub(super) const FIREFIGHTER: &[&[Part]] = &[
    &[
        (Paper, Line(8.0), "M70-50L62-82M78-52L82-90M86-48L96-78"),
        (
            Ink,
            Line(13.0),
            "M68 26V52C68 74 90 68 88 82C86 94 62 92 50 92",
        ),
        (Paper, Body, "M61 24L66-32H88L77 24Z"),
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
            "M-56-58Q-42-66-40-72Q-34-91-6-91Q26-91 28-70Q48-56 52-42Q20-62-6-64Q-34-64-56-58Z",
        ),
        (Paper, Body, "M-38-66L-36-84L-16-84L-14-68Q-26-60-38-66Z"),
    ],
];
