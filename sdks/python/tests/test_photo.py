"""What a program does with the generated client: upload a photo, wait for its job, fetch the thumbnail.

Runs against the API at GOTONG_URL with the key GOTONG_API_KEY; `cargo xtask test` generates the client and sets both.
"""

import os
import time
import unittest

import gotong
from gotong.exceptions import ApiException, NotFoundException, UnauthorizedException

from drawing import jpeg_size, png

PATIENCE_S = 60


class PhotoTest(unittest.TestCase):
    def setUp(self) -> None:
        self.client = self.connect(os.environ["GOTONG_API_KEY"])
        self.media = gotong.MediaApi(self.client)
        self.jobs = gotong.JobsApi(self.client)

    def connect(self, key: str) -> gotong.ApiClient:
        client = gotong.ApiClient(gotong.Configuration(host=os.environ["GOTONG_URL"], access_token=key))
        self.addCleanup(client.rest_client.pool_manager.clear)
        return client

    def wait_for(self, job_id: str) -> gotong.Job:
        """The job once it has ended. The API holds each answer back for up to five seconds."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            job = self.jobs.get_job(job_id, prefer="wait=5")
            if job.finished:
                return job
        self.fail(f"job {job_id} is still {job.state.value} after {PATIENCE_S} s")

    def test_a_photo_becomes_its_thumbnail(self) -> None:
        photo = png(640, 480)
        answer = self.media.create_media_with_http_info(file=("gradient.png", photo))
        uploaded = answer.data
        self.assertEqual(answer.status_code, 202)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        self.assertEqual(headers["location"], f"/api/v1/jobs/{uploaded.job_id}")
        self.assertEqual((uploaded.filename, uploaded.content_type), ("gradient.png", "image/png"))
        self.assertEqual(uploaded.byte_size, len(photo))

        job = self.wait_for(uploaded.job_id)
        self.assertEqual((job.kind, job.state), ("thumbnail.generate", gotong.JobState.COMPLETED))

        ready = self.media.get_media(uploaded.id)
        self.assertEqual(ready.state, gotong.MediaState.READY)
        self.assertEqual([(t.variant, t.width, t.height) for t in ready.thumbnails], [("300x300", 300, 225)])
        thumbnail = self.media.get_media_thumbnail(uploaded.id, "300x300")
        self.assertEqual(jpeg_size(bytes(thumbnail)), (300, 225))
        self.assertEqual(bytes(self.media.get_media_content(uploaded.id)), photo)

        self.assertIn(uploaded.id, [listed.id for listed in self.media.list_media(per_page=100).data])
        self.media.delete_media(uploaded.id)
        with self.assertRaises(NotFoundException):
            self.media.get_media(uploaded.id)

    def test_a_refused_file_is_told_by_a_typed_problem(self) -> None:
        with self.assertRaises(ApiException) as caught:
            self.media.create_media(file=("photo.jpg", b"These are only words."))
        problem = caught.exception.data
        self.assertIsInstance(problem, gotong.Problem)
        self.assertEqual((caught.exception.status, problem.status), (415, 415))
        self.assertEqual(problem.code, "unsupported_media_type")
        self.assertEqual([error.pointer for error in problem.errors], ["/file"])
        self.assertTrue(problem.request_id)

    def test_an_unknown_key_is_told_by_a_typed_problem(self) -> None:
        stranger = gotong.MediaApi(self.connect("gtg_" + "0" * 64))
        with self.assertRaises(UnauthorizedException) as caught:
            stranger.list_media()
        self.assertIsInstance(caught.exception.data, gotong.Problem)
        self.assertEqual(caught.exception.data.code, "unauthenticated")


if __name__ == "__main__":
    unittest.main()
