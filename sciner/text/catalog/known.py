"""The catalogue: sources at a fixed commit, and the terms they come under."""

from __future__ import annotations

from pathlib import Path

from sciner.errors import InputError, nearest
from sciner.text.catalog.entry import SPAN_F1, Agreement, Entry

HERE = Path(__file__).parent
GITHUB = "https://raw.githubusercontent.com"
SCIBERT = f"{GITHUB}/allenai/scibert/06793f77d7278898159ed50da30d173cdc8fdea9"
CMU_STUDENTS = f"{GITHUB}/prasoonvarshney/scientific-entity-recognition/00c03c69ecd7eae3db87e938bac52d69d4092d76"
CMU_COURSE = f"{GITHUB}/neubig/nlp-from-scratch-assignment-2022/39280a8352377e274d1289315a7f0537f5a6c7f0"
MTL_BIO = f"{GITHUB}/cambridgeltl/MTL-Bioinformatics-2016/df0df02fae6dbb87d88ffcf323b9096528f06f84"
LUAN = "Luan et al. (2018), Human Agreements: 12% of the documents were annotated twice"
CDR = "Li et al. (2016), abstract: two annotators, before their consensus"
TEAMS = (
    "experiments/auto_vs_manual/people.py, of BertyBoy.conll (GitHub prasoonvarshney/scientific-entity-recognition @ 43d30f4) "
    "and the cleaned file of the same paper (GitHub sherryzyh/End-to-End-Scientific-Entity-Recognition @ 08e28b3)"
)
MATERIALS = f"{GITHUB}/olivettigroup/annotated-materials-syntheses/dd6abd1774c8c573fa99ef937ee2c44301e021cc"


def checksums(name: str) -> dict[str, str]:
    """SHA-256 by path below the corpus's folder, from the SHA256SUMS beside this file."""
    lines = (HERE / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    rows = (line.split(maxsplit=1) for line in lines if not line.startswith("#"))
    return {path.removeprefix(f"{name}/"): digest for digest, path in rows if path.startswith(f"{name}/")}


CATALOG = {
    entry.name: entry
    for entry in (
        Entry(
            name="scierc",
            task="methods, tasks, metrics in AI",
            about="SciERC: 500 abstracts of AI papers, six types of scientific terms, in the SciBERT authors' CoNLL version.",
            splits=("train", "dev", "test"),
            source="https://github.com/allenai/scibert",
            licence="see source",
            citation=(
                "Luan, He, Ostendorf, Hajishirzi (2018): Multi-Task Identification of Entities, Relations, and Coreference "
                "for Scientific Knowledge Graph Construction. EMNLP. This version: Beltagy, Lo, Cohan (2019): SciBERT. EMNLP."
            ),
            places={"": f"{SCIBERT}/data/ner/sciie/"},
            files=checksums("scierc"),
            agreement=(Agreement(0.769, "kappa", "entities", LUAN),),
        ),
        Entry(
            name="cmu_sciner",
            task="methods, hyperparameters, results in NLP",
            about=(
                "The task of arXiv 2502.16312: NLP papers annotated with seven types by one student team of CMU 11-711, "
                "24 to train on and 8 to test, and the course's unlabelled paragraphs."
            ),
            splits=("train", "test", "unlabelled"),
            source="https://github.com/prasoonvarshney/scientific-entity-recognition",
            licence="see source",
            citation=(
                "GitHub repository prasoonvarshney/scientific-entity-recognition (2022); unlabelled text: "
                "GitHub repository neubig/nlp-from-scratch-assignment-2022 (2022)."
            ),
            places={
                "annotated/": f"{CMU_STUDENTS}/data/annotated/",
                "": f"{CMU_STUDENTS}/data/created_data_train_test_splits/",
                "unlabelled.txt": f"{CMU_COURSE}/data/anlp-sciner-test.txt",
            },
            files=checksums("cmu_sciner"),
            agreement=(
                Agreement(0.789, SPAN_F1, "one paper, two student teams", TEAMS),
                Agreement(0.642, "kappa", "entity tokens of one paper, two student teams", TEAMS),
            ),
        ),
        Entry(
            name="bc5cdr",
            task="chemicals, diseases in biomedicine",
            about="BioCreative V CDR: 1,500 PubMed abstracts, sentence by sentence, in the version of MTL-Bioinformatics-2016.",
            splits=("train", "dev", "test"),
            source="https://github.com/cambridgeltl/MTL-Bioinformatics-2016",
            licence="CC BY 4.0, as its repository says",
            citation=(
                "Li et al. (2016): BioCreative V CDR task corpus. Database. This version: Crichton et al. (2017): "
                "A neural network multi-task learning approach to biomedical NER. BMC Bioinformatics."
            ),
            places={"": f"{MTL_BIO}/data/BC5CDR-IOB/"},
            files=checksums("bc5cdr"),
            agreement=(
                Agreement(0.8749, "Jaccard", "diseases of the test set", CDR),
                Agreement(0.9605, "Jaccard", "chemicals of the test set", CDR),
            ),
        ),
        Entry(
            name="matsci",
            task="synthesis procedures in materials science",
            about="230 synthesis procedures with 21 types: materials, operations, conditions, apparatus, amounts.",
            splits=("train", "dev", "test"),
            source="https://github.com/olivettigroup/annotated-materials-syntheses",
            licence="MIT",
            citation=(
                "Mysore et al. (2019): The Materials Science Procedural Text Corpus: Annotating Materials Synthesis Procedures "
                "with Shallow Semantic Structures. LAW XIII."
            ),
            places={"": f"{MATERIALS}/"},
            files=checksums("matsci"),
        ),
    )
}


def find(name: str) -> Entry:
    """The entry of that name. Raises InputError that names the nearest for any other."""
    if name not in CATALOG:
        raise InputError(f"there is no corpus {name!r} in the catalogue", hint=nearest(name, CATALOG))
    return CATALOG[name]
