import ArtifactStore
import Coordination
import StudyStore

extension StudyPreparation {
  /// What the study will take of the disk, for `--dry-run`.
  func diskText(in folder: StudyFolder) -> String {
    DiskForecast(spec: spec, denseBytes: networkBytes.count, planCount: spec.sampler.isSweep ? sweep.count : nil)
      .text(folder: folder.url, space: FreeSpace(at: folder.url))
  }
}
