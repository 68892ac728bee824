//! The frameworks that rules are mapped to. The mapping is a working draft until an assessor signs it off, and every
//! report says so.

use serde::Serialize;

macro_rules! frameworks {
    ($($variant:ident $key:literal $name:literal $short:ident;)*) => {
        /// A framework.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        pub enum Framework {
            $(#[doc = $name] #[serde(rename = $key)] $variant,)*
        }

        impl Framework {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Stable key, for settings and machine-readable reports.
            pub fn key(self) -> &'static str {
                match self { $(Self::$variant => $key,)* }
            }

            /// Name, for people.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }

        $(#[doc = concat!("A control of ", $name, ".")]
        pub const fn $short(id: &'static str) -> Control {
            Control { framework: Framework::$variant, id }
        })*
    };
}

frameworks! {
    Hipaa "hipaa" "HIPAA Security Rule" hipaa;
    SoxItgc "sox_itgc" "SOX IT general controls" sox;
    Soc2 "soc2" "SOC 2" soc2;
    Glba "glba_ffiec" "GLBA / FFIEC" glba;
    Iso27001 "iso27001" "ISO/IEC 27001:2022 Annex A" iso;
    PciDss "pci_dss" "PCI DSS 4.0.1" pci;
    Nist80053 "nist_800_53" "NIST SP 800-53 Rev. 5" nist;
    CisV8 "cis_v8" "CIS Controls v8" cis;
    Stig "disa_stig" "DISA Okta IDaaS STIG" stig;
}

/// One control of one framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Control {
    pub framework: Framework,
    pub id: &'static str,
}
