"""Electronic bills of lading as DCSA describes them: documents, endorsement chains, and who has what after them.

Source: DCSA, "Bill of Lading" (EBL, ISS, SUR and END 3.0.4) and "Platform Interoperability" (PINT 3.0.0), Apache-2.0.
"""
